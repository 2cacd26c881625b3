"""Why something is not done with a transaction."""

from __future__ import annotations

from ledger.refusals import Refusal, Unknown


class UnknownTransaction(Unknown):
    """There is no such transaction in this book."""

    code = "unknown_transaction"


class AlreadyVoided(Refusal):
    """The transaction is voided (or its hold has lapsed) and can no longer change."""

    code = "already_voided"
    status = 409


class NotPending(Refusal):
    """Only a pending transaction can be posted or expire."""

    code = "not_pending"
    status = 409


class HoldExpired(Refusal):
    """The hold has lapsed and can no longer be posted."""

    code = "hold_expired"
    status = 409


class HoldNotDue(Refusal):
    """The hold does not lapse yet."""

    code = "hold_not_due"
    status = 409


class MoreThanHeld(Refusal):
    """More cannot be posted than was held."""

    code = "more_than_held"


class ReconciledLocked(Refusal):
    """The transaction is part of a reconciled statement: unlock the reconciliation before changing it."""

    code = "reconciled"
    status = 409


class PrivateLeg(Refusal):
    """A part of the transaction stands on an account that is private to somebody else."""

    code = "private_leg"
    status = 409


class NotOnAccount(Refusal):
    """The transaction has no posting on this account."""

    code = "not_on_account"


class WrongKind(Refusal):
    """An account of another kind is needed here."""

    code = "wrong_kind"


class StateFixed(Refusal):
    """An amendment does not change the state: post a pending transaction, or void it."""

    code = "state_fixed"
    status = 409
