"""Why a statement is not reconciled, or not unlocked."""

from __future__ import annotations

from ledger.refusals import Refusal, Unknown


class UnknownReconciliation(Unknown):
    """There is no such reconciliation in this book."""

    code = "unknown_reconciliation"


class StatementDiffers(Refusal):
    """The transactions of the statement do not come to its closing balance."""

    code = "statement_differs"
    status = 409


class NotOnStatement(Refusal):
    """Only posted transactions can be on a statement."""

    code = "not_on_statement"
    status = 409


class AfterStatement(Refusal):
    """A transaction cannot be on a statement that ends before its date."""

    code = "after_statement"


class AlreadyReconciled(Refusal):
    """The transaction is on an earlier statement of this account and currency."""

    code = "already_reconciled"
    status = 409


class BeforeLastStatement(Refusal):
    """A statement cannot end before the one reconciled last."""

    code = "before_last_statement"
    status = 409


class AlreadyUnlocked(Refusal):
    """The reconciliation is unlocked already."""

    code = "already_unlocked"
    status = 409


class NotLastStatement(Refusal):
    """Only the statement reconciled last can be unlocked: later ones begin where it ends."""

    code = "not_last_statement"
    status = 409
