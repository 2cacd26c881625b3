"""Somebody's authority as their facts make it."""

from __future__ import annotations

import msgspec

from ledger.authority.events import UserReinstated, UserRoleGranted, UserRoleRevoked, UserSuspended

AuthorityFact = UserRoleGranted | UserRoleRevoked | UserSuspended | UserReinstated


class Authority(msgspec.Struct, frozen=True):
    """The staff `roles` that somebody has, in the order of their names, and whether they are suspended."""

    roles: tuple[str, ...] = ()
    suspended: bool = False

    def any_of(self, roles: tuple[str, ...]) -> bool:
        """Whether they have one of the roles."""
        return any(role in self.roles for role in roles)


def evolve(authority: Authority, fact: AuthorityFact) -> Authority:
    """The authority after `fact`."""
    match fact:
        case UserRoleGranted(role=role):
            return Authority(tuple(sorted({*authority.roles, role})), authority.suspended)
        case UserRoleRevoked(role=role):
            return Authority(tuple(r for r in authority.roles if r != role), authority.suspended)
        case UserSuspended():
            return Authority(authority.roles, suspended=True)
        case UserReinstated():
            return Authority(authority.roles)
