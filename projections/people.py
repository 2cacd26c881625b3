"""The people who are registered, for those who operate the service: no name, no address, no money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from msgspec.structs import replace

from ledger.authority.events import UserReinstated, UserRoleGranted, UserRoleRevoked, UserSuspended
from ledger.identity.events import UserRegistered, UserSessionsEnded
from ledger.mailbox.events import UserEmailChanged, UserEmailVerified
from ledger.privacy.events import UserErased
from ledger.record import Recorded
from projections import sql
from projections.projection import Cursor, Window

SQL = sql.load(__file__)

_ABOUT = (
    UserRegistered
    | UserEmailVerified
    | UserEmailChanged
    | UserRoleGranted
    | UserRoleRevoked
    | UserSuspended
    | UserReinstated
    | UserSessionsEnded
    | UserErased
)
Place = tuple[UUID, UUID]


class _Person(msgspec.Struct, frozen=True):
    """A row of `people`."""

    book_id: UUID
    user_id: UUID
    registered_at: datetime
    verified: bool = False
    roles: Sequence[str] = ()
    suspended_at: datetime | None = None
    erased_at: datetime | None = None
    epoch: int = 0
    kept: UUID | None = None


class PersonView(msgspec.Struct, frozen=True):
    """Somebody as an admin sees them; `sessions` is in how many places they are signed in."""

    user_id: UUID
    registered_at: datetime
    verified: bool
    roles: list[str]
    suspended_at: datetime | None
    sessions: int


class People:
    """The projection that keeps `people`."""

    name = "people"
    version = 1
    tables: tuple[str, ...] = ("people",)
    schema: LiteralString = SQL["schema"]
    indexes: LiteralString = SQL["indexes"]
    pipelined = False
    worded = False
    erase: tuple[LiteralString, ...] = ()

    def apply(self, window: Window, cursor: Cursor) -> None:
        facts = [f for f in window.by_noun.get("user", ()) if isinstance(f.fact, _ABOUT)]
        if not facts:
            return
        known = self._known({(f.book_id, f.stream_id) for f in facts if f.version > 1}, cursor)
        for fact in facts:
            place = (fact.book_id, fact.stream_id)
            changed = _after(known.get(place), fact)
            if changed is not None:
                known[place] = changed
        people = list(known.values())
        cursor.execute(
            SQL["put"],
            {
                "books": [p.book_id for p in people],
                "users": [p.user_id for p in people],
                "registered": [p.registered_at for p in people],
                "verified": [p.verified for p in people],
                "roles": [" ".join(p.roles) for p in people],
                "suspended": [p.suspended_at for p in people],
                "erased": [p.erased_at for p in people],
                "epochs": [p.epoch for p in people],
                "kept": [p.kept for p in people],
            },
        )

    def _known(self, places: set[Place], cursor: Cursor) -> dict[Place, _Person]:
        if not places:
            return {}
        given = {"books": [book for book, _ in places], "users": [user for _, user in places]}
        return {(row[0], row[1]): _Person(*row) for row in cursor.execute(SQL["load"], given).fetchall()}


def _after(person: _Person | None, recorded: Recorded) -> _Person | None:
    """The row after a fact; None where there is no row to change."""
    fact = recorded.fact
    if isinstance(fact, UserRegistered):
        return _Person(recorded.book_id, recorded.stream_id, recorded.recorded_at)
    if person is None:
        return None
    match fact:
        case UserEmailVerified() | UserEmailChanged():
            return replace(person, verified=True)
        case UserRoleGranted(role=role):
            return replace(person, roles=sorted({*person.roles, role}))
        case UserRoleRevoked(role=role):
            return replace(person, roles=[r for r in person.roles if r != role])
        case UserSuspended():
            return replace(person, suspended_at=recorded.recorded_at)
        case UserReinstated():
            return replace(person, suspended_at=None)
        case UserSessionsEnded(kept=kept):
            return replace(person, epoch=person.epoch + 1, kept=kept)
        case _:
            # Nothing is left of them but that there was somebody.
            return replace(
                person, verified=False, roles=(), suspended_at=None, erased_at=recorded.recorded_at, kept=None
            )


async def people(
    connection: psycopg.AsyncConnection[Any],
    now: datetime,
    limit: int,
    *,
    before: UUID | None = None,
    only: UUID | None = None,
    role: str | None = None,
    suspended: bool | None = None,
) -> Sequence[PersonView]:
    """People who are not forgotten, the newest id first; sessions are counted as they are at `now`."""
    given = {"now": now, "limit": limit, "before": before, "only": only, "role": role, "suspended": suspended}
    cursor = await connection.execute(SQL["listed"], given)
    return [PersonView(*row) for row in await cursor.fetchall()]
