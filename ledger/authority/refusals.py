"""Why somebody may not change the authority of somebody, or do anything at all."""

from __future__ import annotations

from ledger.refusals import Refusal, Unknown


class UnknownPerson(Unknown):
    """There is no such person."""

    code = "unknown_person"


class NotAnAdmin(Refusal):
    """Only an admin does this."""

    code = "not_an_admin"
    status = 403


class OwnAuthority(Refusal):
    """Nobody changes their own roles or suspends themselves."""

    code = "own_authority"
    status = 403


class UnknownRole(Refusal):
    """There is no such role."""

    code = "unknown_role"


class Leaving(Refusal):
    """Whoever asked to be forgotten gets no role."""

    code = "leaving"
    status = 409


class Suspended(Refusal):
    """You are suspended."""

    code = "suspended"
    status = 403


class RoleStays(Refusal):
    """An admin must give up that role first."""

    code = "role_stays"
    status = 409
