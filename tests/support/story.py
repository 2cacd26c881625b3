"""Random but sensible commands: numbers drawn by Hypothesis are read as what a household might do next."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from ledger.accounts.account import Account
from ledger.accounts.asserting import AssertBalance, WithdrawAssertion
from ledger.accounts.commands import AmendAccount, ArchiveAccount, OpenAccount, Opening, ReopenAccount
from ledger.accounts.events import Guard
from ledger.accounts.guarding import posted_at_end
from ledger.books.commands import AmendBook
from ledger.command import Command, Outcome
from ledger.memory import Unfolded
from ledger.postings import Posting
from ledger.reconciliations.commands import CompleteReconciliation, UnlockReconciliation
from ledger.reconciliations.reconciliation import Reconciliation
from ledger.refusals import Refusal
from ledger.transactions.changes import (
    AmendTransaction,
    ExpireTransaction,
    MarkCleared,
    SettleTransaction,
    VoidTransaction,
)
from ledger.transactions.commands import PostTransaction
from ledger.transactions.transaction import Transaction
from ledger.undo.commands import UndoCommand
from ledger.undo.undoing import Undoing
from tests.support.scenario import Scenario, day

# What one thing that happens is told by: a choice, and numbers that say on what and how much.
Numbers = tuple[int, int, int, int]
steps = st.tuples(st.integers(0, 99), st.integers(0, 40), st.integers(0, 40), st.integers(1, 120))
stories = st.lists(steps, min_size=1, max_size=25)


class Story:
    """A household with guarded and unguarded accounts, and what happened to it, in memory."""

    def __init__(self, name: str = "story") -> None:
        self.book = book = Scenario(name=name).household()
        book.account("purse", floor=0, opening=50)
        book.account("savings", floor=-20, policy="flag")
        book.account("credit", "liability", floor=-200)
        book.account("euros", currency="EUR", currencies=("USD",), floor=0)
        self.told: list[tuple[Command, Outcome]] = []
        self.refused: list[Refusal] = []
        self.transactions: list[UUID] = []
        self.reconciliations: list[UUID] = []

    def tell(self, numbers: Numbers) -> Outcome | None:
        """Carries out what the numbers say; None when it is refused."""
        command = self.command(numbers)
        if command is None:
            return None
        self.book.now += dt.timedelta(hours=1)
        try:
            outcome = self.book.handle(command)
        except Refusal as refusal:
            self.refused.append(refusal)
            return None
        self.remember(command, outcome)
        return outcome

    def remember(self, command: Command, outcome: Outcome) -> None:
        """Takes note of a command that was carried out, so that later ones can be about it."""
        if isinstance(command, OpenAccount):
            self.book.accounts[f"opened {len(self.book.accounts)}"] = command.account_id
        if outcome.facts:
            self.told.append((command, outcome))

    def command(self, numbers: Numbers) -> Any:
        """What the numbers say, if there is anything to do it to."""
        choice, one, two, value = numbers
        table: list[tuple[int, Callable[[int, int, int], Any]]] = [
            (40, self._post),
            (48, self._amend),
            (56, self._void),
            (61, self._settle),
            (64, self._expire),
            (68, self._clear),
            (74, self._amend_account),
            (78, self._archive),
            (82, self._open),
            (85, self._assert),
            (87, self._withdraw_assertion),
            (91, self._reconcile),
            (93, self._unlock),
            (94, self._amend_book),
            (100, self._undo),
        ]
        return next(make for limit, make in table if choice < limit)(one, two, value)

    # Looking things up.

    def account_id(self, number: int) -> UUID:
        return list(self.book.accounts.values())[number % len(self.book.accounts)]

    def account(self, number: int) -> Account:
        found = self.book.ledger.state.entity(Account, self.account_id(number))
        assert isinstance(found, Account)
        return found

    def transaction(self, number: int) -> Transaction | None:
        if not self.transactions:
            return None
        transaction_id = self.transactions[number % len(self.transactions)]
        found = self.book.ledger.state.entity(Transaction, transaction_id)
        assert found is None or isinstance(found, Transaction)
        return found

    @staticmethod
    def date(number: int) -> dt.date:
        return day("2026-02-01") + dt.timedelta(days=number)

    def postings(self, one: int, two: int, value: int) -> list[Posting]:
        """Two legs, or four when the accounts are kept in different currencies."""
        source, target = self.account(one), self.account(two)
        if source.currency == target.currency:
            return [
                Posting(source.account_id, Decimal(-value), source.currency),
                Posting(target.account_id, Decimal(value), target.currency),
            ]
        between = next(a for a in self.book.ledger.state.streams.values() if role(a[1]) == "conversion")[1]
        return [
            Posting(source.account_id, Decimal(-value), source.currency),
            Posting(between.account_id, Decimal(value), source.currency),
            Posting(between.account_id, Decimal(-2 * value), target.currency),
            Posting(target.account_id, Decimal(2 * value), target.currency),
        ]

    # What may happen.

    def _post(self, one: int, two: int, value: int) -> Any:
        transaction_id = self.book.fresh()
        self.transactions.append(transaction_id)
        pending = value % 5 == 0
        lapses = self.book.now + dt.timedelta(hours=value) if pending and value % 2 else None
        return self.book.command(
            PostTransaction,
            transaction_id=transaction_id,
            date=self.date((one + two) % 41),
            postings=self.postings(one, two, value),
            state="pending" if pending else "posted",
            expires_at=lapses,
            text={"payee": f"payee {value}"} if value % 3 else {},
        )

    def _amend(self, one: int, two: int, value: int) -> Any:
        found = self.transaction(one)
        if found is None:
            return None
        words_only = value % 3 == 0
        return self.book.command(
            AmendTransaction,
            transaction_id=found.transaction_id,
            date=found.terms.date if words_only else self.date(two),
            postings=found.terms.postings if words_only else self.postings(two, two + value, value),
            text={"payee": f"amended {value}"},
            expires_at=found.terms.expires_at,
        )

    def _void(self, one: int, two: int, value: int) -> Any:
        return self._on_transaction(VoidTransaction, one, reason="why")

    def _settle(self, one: int, two: int, value: int) -> Any:
        fields: dict[str, Any] = {"amount": Decimal(value)} if value % 2 else {}
        return self._on_transaction(SettleTransaction, self._held(one), date=self.date(two), **fields)

    def _expire(self, one: int, two: int, value: int) -> Any:
        return self._on_transaction(ExpireTransaction, self._held(one))

    def _held(self, number: int) -> int:
        """The number of a hold, if there is one."""
        found = [self.transaction(n) for n in range(len(self.transactions))]
        holds = [n for n, transaction in enumerate(found) if transaction and transaction.state == "pending"]
        return holds[number % len(holds)] if holds else number

    def _clear(self, one: int, two: int, value: int) -> Any:
        found = self.transaction(one)
        if found is None:
            return None
        leg = found.terms.postings[two % len(found.terms.postings)]
        return self._on_transaction(MarkCleared, one, account_id=leg.account_id, cleared=value % 4 != 0)

    def _on_transaction(self, kind: type[Command], number: int, **fields: Any) -> Any:
        found = self.transaction(number)
        return self.book.command(kind, transaction_id=found.transaction_id, **fields) if found else None

    def _amend_account(self, one: int, two: int, value: int) -> Any:
        changes: list[dict[str, Any]] = [
            {"text": {"name": f"name {value % 7}"}},
            {"text": {"notes": f"notes {value}"}, "type": "other"},
            {"guard": Guard(Decimal(-value))},
            {"guard": Guard(Decimal(0), "flag")},
            {"guard": Guard(None)},
            {"net_worth": bool(value % 2)},
            {"currencies": ("EUR",) if value % 2 else ()},
            {"parent_id": self.account_id(value), "text": {"name": f"child {value}"}},
            {"parent_id": None},
        ]
        return self.book.command(AmendAccount, account_id=self.account_id(one), **changes[two % len(changes)])

    def _archive(self, one: int, two: int, value: int) -> Any:
        archived = [n for n in range(len(self.book.accounts)) if self.account(n).archived]
        if archived and value % 3:
            return self.book.command(ReopenAccount, account_id=self.account_id(archived[one % len(archived)]))
        return self.book.command(ArchiveAccount, account_id=self.account_id(one))

    def _open(self, one: int, two: int, value: int) -> Any:
        account_id = self.book.fresh()
        kind = ("asset", "liability", "expense", "income")[two % 4]
        opening = None
        if value % 3 == 0 and two % 4 < 2:
            opening = Opening(self.book.fresh(), Decimal(value), self.date(one))
            self.transactions.append(opening.transaction_id)
        return self.book.command(
            OpenAccount,
            account_id=account_id,
            kind=kind,
            type=kind,
            currency="USD",
            parent_id=self.account_id(one) if value % 4 == 0 else None,
            text={"name": f"account {value}"},
            opening=opening,
        )

    def _assert(self, one: int, two: int, value: int) -> Any:
        account, date = self.account(one), self.date(two)
        actual = posted_at_end(self.book.ledger.state, account, account.currency, date)
        return self.book.command(
            AssertBalance,
            account_id=account.account_id,
            assertion_id=self.book.fresh(),
            date=date,
            amount=actual if value % 5 else actual + 1,
            currency=account.currency,
        )

    def _withdraw_assertion(self, one: int, two: int, value: int) -> Any:
        for account_id in self.book.accounts.values():
            account = self.book.ledger.state.entity(Account, account_id)
            if account is not None and account.assertions:
                assertion = account.assertions[two % len(account.assertions)]
                return self.book.command(
                    WithdrawAssertion, account_id=account_id, assertion_id=assertion.assertion_id
                )
        return None

    def _reconcile(self, one: int, two: int, value: int) -> Any:
        account, date = self.account(one), self.date(two)
        chain = account.locked_in(account.currency)
        closing = chain[-1].closing_balance if chain else Decimal(0)
        chosen = []
        for transaction_id in self.transactions:
            found = self.book.ledger.state.entity(Transaction, transaction_id)
            if found is None or found.state != "posted" or found.terms.date > date or found.reconciled:
                continue
            legs = [p.amount for p in found.terms.postings if p.account_id == account.account_id]
            if legs:
                chosen.append(transaction_id)
                closing += sum(legs)
        reconciliation_id = self.book.fresh()
        self.reconciliations.append(reconciliation_id)
        return self.book.command(
            CompleteReconciliation,
            reconciliation_id=reconciliation_id,
            account_id=account.account_id,
            date=date,
            currency=account.currency,
            closing_balance=closing if value % 4 else closing + 1,
            transaction_ids=chosen,
        )

    def _unlock(self, one: int, two: int, value: int) -> Any:
        if not self.reconciliations:
            return None
        chosen = self.reconciliations[one % len(self.reconciliations)]
        return self.book.command(UnlockReconciliation, reconciliation_id=chosen)

    def _amend_book(self, one: int, two: int, value: int) -> Any:
        return self.book.command(AmendBook, title=f"title {value}", currency=("USD", "EUR")[two % 2])

    def _undo(self, one: int, two: int, value: int) -> Any:
        if not self.told:
            return None
        recent = self.told[-1 - one % len(self.told)][1]
        return self.undoing(recent)

    def undoing(self, outcome: Outcome) -> Any:
        return self.book.command(
            UndoCommand, undone_id=outcome.command_id, first=outcome.first, last=outcome.last
        )


def role(entity: Any) -> str | None:
    return entity.role if isinstance(entity, Account) else None


def snapshot(story: Story) -> dict[str, Any]:
    """All that can be known of the ledger, in plain values that later changes do not touch."""
    state = story.book.ledger.state
    entities = {number: visible(entity) for number, (_, entity) in state.streams.items()}
    return {
        "entities": {number: seen for number, seen in entities.items() if seen is not None},
        "balances": {key: sums for key, sums in state.sums.items() if any(sums)},
        "days": {
            (*key, date): change
            for key, (_, days) in state.dates.items()
            for date, change in days.items()
            if change.posted or change.reserved
        },
        "names": {claim: holder for claim, holder in state.names.items() if holder is not None},
    }


def visible(entity: Any) -> Any:
    """What can be told of an entity from outside, whatever its version; None when it counts for nothing."""
    if isinstance(entity, Unfolded):
        return visible(
            Transaction(
                transaction_id=entity.stream_id,
                book_id=entity.book_id,
                version=0,
                terms=entity.fact.terms,
                text=entity.fact.text,
            )
        )
    match entity:
        case Transaction():
            marks = (entity.cleared, tuple(sorted(entity.reconciled.items())))
            return (entity.in_force, dict(entity.text), *marks) if entity.in_force else None
        case Account():
            return None if entity.withdrawn else entity
        case Reconciliation():
            return entity if entity.locked else None
        case Undoing():
            return None
        case _:
            return entity
