"""Why something is not done with a book, or with who belongs to it."""

from __future__ import annotations

from ledger.refusals import Refusal, Unknown


class UnknownBook(Unknown):
    """There is no such book among yours."""

    code = "unknown_book"


class UnknownMember(Unknown):
    """Nobody of that kind belongs to this book."""

    code = "unknown_member"


class RoleNeeded(Refusal):
    """Your role in this book does not allow this."""

    code = "role_needed"
    status = 403


class LastOwner(Refusal):
    """A book always has an owner."""

    code = "last_owner"
    status = 409


class AlreadyMember(Refusal):
    """They belong to the book already."""

    code = "already_member"
    status = 409


class TooManyMembers(Refusal):
    """A book has room for so many and no more."""

    code = "too_many_members"
    status = 409
