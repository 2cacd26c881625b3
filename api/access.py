"""What an operation demands of whoever calls it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ledger.authority.roles import StaffRole
from ledger.books.roles import Role
from ledger.keys.scopes import Scope

RECENT = 300
"""Seconds for which a proof of who somebody is allows what may lock them out, or cannot be taken back."""


class Access(NamedTuple):
    """`who`: anybody, a person who is signed in, a member of the book, or one of the operator's staff.

    An API key may call what names a `scope` that it has, and nothing else. `role` is the least one in the book, which
    is that of the path if it is `in_path`, and else that of Numina-Book, or the caller's own. `max_age` is how many
    seconds ago, at most, the person proved who they are; `verified` asks for a verified address.
    """

    who: Literal["anybody", "person", "member", "staff"]
    scope: Scope | None = None
    role: Role = "viewer"
    in_path: bool = False
    max_age: int | None = None
    verified: bool = False
    staff: tuple[StaffRole, ...] = ()


PUBLIC = Access("anybody")


def person(scope: Scope | None = None, *, max_age: int | None = None, verified: bool = False) -> Access:
    """Whoever is signed in, about themselves."""
    return Access("person", scope, max_age=max_age, verified=verified)


def book(
    scope: Scope | None,
    role: Role,
    *,
    in_path: bool = False,
    max_age: int | None = None,
    verified: bool = False,
) -> Access:
    """Members of the book with at least `role`."""
    return Access("member", scope, role, in_path=in_path, max_age=max_age, verified=verified)


def staff(*roles: StaffRole, max_age: int | None = None) -> Access:
    """Whoever has one of the roles. No API key does."""
    return Access("staff", staff=roles, max_age=max_age)
