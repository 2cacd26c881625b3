"""Undoing a command: everything that it did is compensated, or nothing is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar
from uuid import UUID

from ledger.accounts.account import Account, name_text
from ledger.accounts.rules import FIRST_DAY
from ledger.command import Claim, Command, DayRange, Draft, State
from ledger.record import Recorded
from ledger.transactions.effects import effects, transition
from ledger.undo.allowed import check_allowed
from ledger.undo.aspects import Touched, touched
from ledger.undo.compensation import compensation
from ledger.undo.events import CommandUndone
from ledger.undo.refusals import AlreadyUndone, ChangedSince, UnknownCommand
from ledger.undo.seeing import check_seen
from ledger.undo.soundness import check, flagged
from ledger.undo.undoing import Undoing

# A command of five thousand items, each with several facts, is well below.
MOST_FACTS = 50_000


class UndoCommand(Command, frozen=True, kw_only=True):
    """Take back the command `undone_id`, whose facts are at the positions `first` to `last` (both inclusive).

    What it made is voided or withdrawn, what it took away is restored, what it changed gets back the value of
    before, each as a new fact; nothing is overwritten. An undoing is a command too, so it can itself be
    undone, which brings back what the first command did.

    Raises UnknownCommand, PrivateLeg, NotYourAccount, AlreadyUndone, NotUndoable, ChangedSince (with the
    later commands), AccountInUse, ReconciledLocked, HoldExpired, FloorBreached, AssertionBroken, and UndoBlocked
    for any other rule that what was before does not meet any more.
    """

    name: ClassVar[str] = "command.undo"

    undone_id: UUID
    first: int
    last: int

    def streams(self) -> Iterable[UUID]:
        return (self.undone_id,)

    def positions(self) -> tuple[int, int] | None:
        if not 0 < self.first <= self.last < self.first + MOST_FACTS:
            return None
        # One more on either side, to be certain that the command is not cut short.
        return max(1, self.first - 1), self.last + 1

    def histories(self, state: State) -> Iterable[UUID]:
        return dict.fromkeys(recorded.stream_id for recorded in self._found(state))

    def usages(self, state: State) -> Iterable[UUID]:
        return [r.stream_id for r in self._found(state) if r.topic.startswith("account.")]

    def more_streams(self, state: State) -> Iterable[UUID]:
        found = self._found(state)
        yield from (recorded.stream_id for recorded in found)
        for recorded in found:
            for terms in transition(recorded.fact):
                if terms is not None:
                    yield from (posting.account_id for posting in terms.postings)
        for change in self._touched(state, "account."):
            if change.before is not None and change.before.parent_id is not None:
                yield change.before.parent_id

    def balances(self, state: State) -> Iterable[tuple[UUID, str]]:
        for recorded in self._found(state):
            for effect in effects(recorded.fact):
                yield effect.account_id, effect.currency
        for change in self._touched(state, "account."):
            for account in (change.before, change.now):
                if isinstance(account, Account):
                    codes = {account.currency, *account.currencies, *(a.currency for a in account.assertions)}
                    yield from ((account.account_id, code) for code in codes)

    def days(self, state: State) -> Iterable[DayRange]:
        for recorded in self._found(state):
            for effect in effects(recorded.fact):
                account = state.entity(Account, effect.account_id)
                if account is not None and account.watched:
                    yield DayRange(effect.account_id, effect.currency, effect.date)
        for change in self._touched(state, "account."):
            account = change.now
            if isinstance(account, Account) and account.keeps_days:
                yield DayRange(account.account_id, account.currency, FIRST_DAY)

    def claims(self, state: State) -> Iterable[Claim]:
        for change in self._touched(state, "account."):
            if isinstance(change.before, Account):
                text = name_text(change.before.parent_id, change.before.name, change.before.private_to)
                yield Claim(self.book_id, "account", text)

    def weight(self) -> int:
        return 1_000 + 1_000 * min(MOST_FACTS, max(0, self.last - self.first))

    def decide(self, state: State) -> list[Draft]:
        facts = self._facts(state)
        undoing = state.entity(Undoing, self.undone_id)
        if undoing is not None and undoing.undone_by is not None:
            raise AlreadyUndone(
                f"The command was undone by {undoing.undone_by}.", undone_by=str(undoing.undone_by)
            )
        check_allowed(state, self.undone_id, facts, self.book_id, self.actor_id)
        changes = [change for change in self._touched(state) if change.changed]
        _unchanged_since(changes)
        drafts = [
            Draft(change.stream_id, fact)
            for change in reversed(changes)
            for fact in compensation(change, self.command_id, self.now)
        ]
        check(state, self.book_id, self.actor_id, facts, drafts)
        return [*flagged(state, drafts), Draft(self.undone_id, CommandUndone(by=self.command_id))]

    def _facts(self, state: State) -> Sequence[Recorded]:
        """All facts of the command, of this book. Raises UnknownCommand."""
        found = self._found(state)
        if not found or any(recorded.book_id != self.book_id for recorded in found):
            raise UnknownCommand(f"There is no command {self.undone_id} in this book.")
        check_seen(state, self.undone_id, found, self.actor_id)
        return found

    def _found(self, state: State) -> Sequence[Recorded]:
        """The facts at the positions that bear the command's id; none unless they are all of them."""
        where = self.positions()
        if where is None:
            return ()
        found = [r for r in state.facts(*where) if r.command_id == self.undone_id]
        whole = len(found) == self.last - self.first + 1 and found[0].position == self.first
        return found if whole else ()

    def _touched(self, state: State, topic: str = "") -> list[Touched]:
        """What the command did to each stream (or to those whose topics begin so), in the order in which it
        came to them."""
        streams = dict.fromkeys(r.stream_id for r in self._found(state) if r.topic.startswith(topic))
        return [touched(state, stream_id, self.undone_id) for stream_id in streams]


def _unchanged_since(changes: Sequence[Touched]) -> None:
    """Raises ChangedSince naming the later facts, unless everything is as the command left it."""
    overtaken = [change for change in changes if change.overtaken]
    if not overtaken:
        return
    later = sorted((r for change in overtaken for r in change.later()), key=lambda r: r.position)
    names = ", ".join(dict.fromkeys(recorded.command for recorded in later[:10]))
    raise ChangedSince(
        f"What it did was changed since ({names or 'just now'}). Undo that first.",
        later=[
            {"position": r.position, "topic": r.topic, "command_id": str(r.command_id)} for r in later[:10]
        ],
    )
