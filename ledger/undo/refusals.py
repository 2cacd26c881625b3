"""Why a command is not undone."""

from __future__ import annotations

from ledger.refusals import Refusal, Unknown


class UnknownCommand(Unknown):
    """There is no such command in this book, or it changed nothing."""

    code = "unknown_command"


class AlreadyUndone(Refusal):
    """The command has been undone already: undo that undoing to bring it back."""

    code = "already_undone"
    status = 409


class NotUndoable(Refusal):
    """What is done for good cannot be undone."""

    code = "not_undoable"
    status = 409


class ChangedSince(Refusal):
    """What the command did was changed by later commands: undo those first."""

    code = "changed_since"
    status = 409


class AccountInUse(Refusal):
    """An account that has been posted on, or has accounts below it, can be archived but not taken back."""

    code = "account_in_use"
    status = 409


class UndoBlocked(Refusal):
    """What was before the command is no longer allowed: the rule that forbids it is named."""

    code = "undo_blocked"
    status = 409
