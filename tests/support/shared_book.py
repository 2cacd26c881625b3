"""A book that several people belong to, in the running service."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from starlette.testclient import TestClient

from gateways.vault import Vault
from ledger.books.roles import LesserRole
from ledger.command import Command
from ledger.ids import new_id
from ledger.invitations.commands import AcceptInvitation, Invite
from ledger.mailbox.commands import VerifyEmail
from ledger.writer import Writer
from tests.support.service import MASTER_KEY, Person, register


def join(url: str, client: TestClient, owner: Person, **roles: LesserRole) -> list[Person]:
    """People who belong to the owner's book with some role, and act in it: `join(..., bob="editor")`."""
    people = [register(client, name=name.title()) for name in roles]
    with _writing(url) as writer:
        _do(writer, VerifyEmail, owner, owner.book_id, email=owner.email)
        for person, role in zip(people, roles.values(), strict=True):
            _do(writer, VerifyEmail, person, person.book_id, email=person.email)
            invitation_id = new_id()
            invited: dict[str, Any] = {"invitation_id": invitation_id, "email": person.email, "role": role}
            _do(writer, Invite, owner, owner.book_id, **invited)
            _do(writer, AcceptInvitation, person, owner.book_id, invitation_id=invitation_id)
    members = [replace(person, headers={"Numina-Book": owner.book_id}) for person in people]
    # The service remembers who belongs to a book, and hears within a second of what another process did.
    until = time.monotonic() + 10
    while any(member.get("/accounts").status_code != 200 for member in members):
        assert time.monotonic() < until, "they do not belong to the book"
        time.sleep(0.05)
    return members


@contextmanager
def _writing(url: str) -> Iterator[Writer]:
    vault = Vault(url, MASTER_KEY)
    writer = Writer(url, vault)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()
        vault.close()


def _do(writer: Writer, kind: type[Command], person: Person, book_id: str, **fields: Any) -> None:
    frame = {"command_id": new_id(), "book_id": UUID(book_id), "actor_id": UUID(person.user_id)}
    writer.handle_sync(kind(**frame, now=datetime.now(UTC), **fields))
