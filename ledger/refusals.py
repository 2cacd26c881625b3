"""A refusal is a command's typed "no": the rule, the facts, and whether trying again can help."""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """The command was refused and left nothing behind.

    A subclass is one rule. The first line of its docstring is the title that people read, so every
    subclass has one (`tests/test_shape.py`). `code` is the stable name that programs match on and
    `status` the HTTP status that it is answered with; both are part of the public contract.

    `field` names the offending part of the request ("postings.3.amount") where there is one, and
    `facts` carries what the decision was based on (needed, available, date ...), JSON-ready.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    retry: ClassVar[bool] = False

    def __init__(self, detail: str, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.facts = facts

    @property
    def title(self) -> str:
        return (type(self).__doc__ or "").strip().splitlines()[0].rstrip(".")


class Unknown(Refusal):
    """There is no such thing in this book.

    Answered alike for what does not exist and for what belongs to somebody else, so that ids of
    other people cannot be probed.
    """

    code = "not_found"
    status = 404


class Stale(Refusal):
    """The thing has changed since you read it."""

    code = "stale_version"
    status = 412


class InvalidValue(Refusal):
    """A value is not acceptable here."""

    code = "invalid_value"


class KeyReused(Refusal):
    """This idempotency key was used for another request."""

    code = "idempotency_key_reused"


class TryAgain(Exception):
    """Nothing was stored; the same command may be sent again."""

    def __init__(self, detail: str, *, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class Overloaded(TryAgain):
    """The writer's queue is full or stalled; the command was not queued."""


class NotStored(TryAgain):
    """The database failed before the commit was confirmed."""


class InDoubt(TryAgain):
    """The database failed while it was storing, and it is not known whether it did."""
