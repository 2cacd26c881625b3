"""Sharing a book in the running service, as people do it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from ledger.mailbox.commands import VerifyEmail
from tests.support.service import Person


def verified(person: Person) -> Person:
    """The same person, whose address is verified from now on."""
    services: Any = person.client.app._services  # type: ignore[attr-defined]  # the outermost layer
    command = VerifyEmail(
        command_id=services.new_id(),
        book_id=UUID(person.book_id),
        actor_id=UUID(person.user_id),
        now=services.clock(),
        email=person.email,
    )
    services.standing.learn(services.writer.handle_sync(command).facts)
    return person


def invite(owner: Person, email: str, role: str = "editor", **more: Any) -> str:
    """The id of a fresh invitation to the owner's book; both are verified."""
    sent = owner.post(f"/books/{owner.book_id}/invitations", {"email": email, "role": role, **more})
    assert sent.status_code == 201, sent.text
    return str(sent.json()["id"])


def join(owner: Person, person: Person, role: str = "editor") -> Person:
    """The person, who belongs to the owner's book and acts in it."""
    verified(owner)
    accepted = verified(person).post(f"/invitations/{invite(owner, person.email, role)}/accept")
    assert accepted.status_code == 200, accepted.text
    return replace(person, headers={"numina-book": owner.book_id})
