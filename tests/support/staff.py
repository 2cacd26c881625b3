"""Giving somebody a role as the operator does at the command line."""

from typing import Any
from uuid import UUID

from ledger.authority.commands import GrantRole
from ledger.ids import NIL
from tests.support.service import Person


def give(person: Person, role: str) -> Person:
    """The same person, who has the role from now on, in the process that their client talks to."""
    services: Any = person.client.app._services  # type: ignore[attr-defined]  # the outermost layer
    command = GrantRole(
        command_id=services.new_id(),
        book_id=UUID(person.book_id),
        actor_id=NIL,
        now=services.clock(),
        user_id=UUID(person.user_id),
        role=role,
        reason="for a test",
        operator=True,
    )
    outcome = services.writer.handle_sync(command)
    services.standing.learn(outcome.facts)
    return person
