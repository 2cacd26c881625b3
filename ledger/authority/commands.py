"""Granting and revoking roles, suspending people and reinstating them.

Nobody does it to themselves, whoever does it is an admin while it is decided, and an admin is not forgotten: so there
is an admin after each of these commands if there was one before, whatever is decided at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from ledger.authority.events import UserReinstated, UserRoleGranted, UserRoleRevoked, UserSuspended
from ledger.authority.refusals import Leaving, NotAnAdmin, OwnAuthority, UnknownPerson, UnknownRole
from ledger.authority.roles import STAFF_ROLES
from ledger.command import Command, Draft, State
from ledger.identity.user import User


class AuthorityCommand(Command, frozen=True, kw_only=True):
    """Changes the authority of the person `user_id`, whose home book is `book_id`, for the `reason` that is given.
    Whoever sits at the `operator`'s command line is nobody in the record, and needs no role."""

    user_id: UUID
    reason: str
    operator: bool = False

    def streams(self) -> Iterable[UUID]:
        return (self.user_id,) if self.operator else (self.user_id, self.actor_id)

    def subject(self, state: State) -> User:
        """Whom it is about. Raises NotAnAdmin, OwnAuthority, UnknownPerson."""
        if not self.operator:
            admin = state.entity(User, self.actor_id)
            if admin is None or admin.authority.suspended or not admin.authority.any_of(("admin",)):
                raise NotAnAdmin("You are not an admin.")
            if self.actor_id == self.user_id:
                raise OwnAuthority("Ask another admin.")
        user = state.entity(User, self.user_id)
        if user is None or not user.present or user.home_book_id != self.book_id:
            raise UnknownPerson("There is no such person.", user_id=str(self.user_id))
        return user

    @property
    def by(self) -> UUID | None:
        return None if self.operator else self.actor_id

    @property
    def said(self) -> dict[str, str]:
        return {"reason": self.reason}


class GrantRole(AuthorityCommand, frozen=True, kw_only=True):
    """Gives somebody a role, if they do not have it."""

    name: ClassVar[str] = "user.grant_role"

    role: str

    def decide(self, state: State) -> list[Draft]:
        """Raises NotAnAdmin, OwnAuthority, UnknownPerson, UnknownRole, Leaving."""
        user = self.subject(state)
        if self.role not in STAFF_ROLES:
            raise UnknownRole(f"The roles are {', '.join(STAFF_ROLES)}.", field="role")
        if user.privacy.erasure_due is not None:
            raise Leaving("They asked to be forgotten. They can cancel that first.")
        if user.authority.any_of((self.role,)):
            return []
        return [Draft(self.user_id, UserRoleGranted(role=self.role, by=self.by, text=self.said))]


class RevokeRole(AuthorityCommand, frozen=True, kw_only=True):
    """Takes a role from somebody, if they have it."""

    name: ClassVar[str] = "user.revoke_role"

    role: str

    def decide(self, state: State) -> list[Draft]:
        """Raises NotAnAdmin, OwnAuthority, UnknownPerson, UnknownRole."""
        user = self.subject(state)
        if self.role not in STAFF_ROLES:
            raise UnknownRole(f"The roles are {', '.join(STAFF_ROLES)}.", field="role")
        if not user.authority.any_of((self.role,)):
            return []
        return [Draft(self.user_id, UserRoleRevoked(role=self.role, by=self.by, text=self.said))]


class SuspendUser(AuthorityCommand, frozen=True, kw_only=True):
    """Lets nobody in as them, if that is not so already."""

    name: ClassVar[str] = "user.suspend"

    def decide(self, state: State) -> list[Draft]:
        """Raises NotAnAdmin, OwnAuthority, UnknownPerson."""
        if self.subject(state).authority.suspended:
            return []
        return [Draft(self.user_id, UserSuspended(by=self.by, text=self.said))]


class ReinstateUser(AuthorityCommand, frozen=True, kw_only=True):
    """Lets them in again, if they were suspended."""

    name: ClassVar[str] = "user.reinstate"

    def decide(self, state: State) -> list[Draft]:
        """Raises NotAnAdmin, OwnAuthority, UnknownPerson."""
        if not self.subject(state).authority.suspended:
            return []
        return [Draft(self.user_id, UserReinstated(by=self.by, text=self.said))]
