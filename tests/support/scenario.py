"""Given, when, then for the ledger: a book in which accounts go by their names and time is data."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import pytest

from ledger.accounts.account import Account
from ledger.accounts.commands import OpenAccount, Opening
from ledger.accounts.events import Guard, Kind
from ledger.books.commands import OpenBook
from ledger.command import Balance, Command, Outcome
from ledger.ids import derived_id
from ledger.postings import Posting
from ledger.reconciliations.commands import CompleteReconciliation
from ledger.refusals import Refusal
from ledger.transactions.changes import AmendTransaction
from ledger.transactions.commands import PostTransaction
from ledger.transactions.transaction import Transaction
from ledger.undo.commands import UndoCommand
from tests.support.in_memory import InMemoryLedger

R = TypeVar("R", bound=Refusal)
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def amount(value: str | int) -> Decimal:
    return Decimal(str(value))


class Scenario:
    """One book of one person. `handle` carries out a command: in memory by default."""

    def __init__(
        self,
        handle: Callable[[Command], Outcome] | None = None,
        *,
        name: str = "book",
        currency: str = "USD",
        now: dt.datetime = NOON,
    ) -> None:
        self.ledger = InMemoryLedger()
        self.handle = handle or self.ledger.handle
        self.name = name
        self.currency = currency
        self.book_id = derived_id("scenario", name)
        self.actor_id = derived_id("scenario", name, "actor")
        self.now = now
        self.accounts: dict[str, UUID] = {}
        self._ids = 0
        self.begun: list[tuple[Command, Outcome]] = []
        self.do(OpenBook, title=name, currency=currency, time_zone="Europe/Berlin")

    def fresh(self) -> UUID:
        """An id that was not used before; the same again when the scenario is told again."""
        self._ids += 1
        return derived_id("scenario", self.name, str(self._ids))

    def command(self, kind: type[Command], /, **fields: Any) -> Any:
        fields = {
            "command_id": self.fresh(),
            "book_id": self.book_id,
            "actor_id": self.actor_id,
            "now": self.now,
        } | fields
        return kind(**fields)

    def do(self, kind: type[Command], /, **fields: Any) -> Outcome:
        command = self.command(kind, **fields)
        outcome = self.handle(command)
        self.begun.append((command, outcome))
        return outcome

    def refuses(self, refusal: type[R], kind: type[Command], /, **fields: Any) -> R:
        """The refusal that the command meets."""
        with pytest.raises(refusal) as met:
            self.do(kind, **fields)
        assert type(met.value) is refusal
        return met.value

    def account(
        self,
        name: str,
        kind: Kind = "asset",
        *,
        floor: str | int | None = None,
        policy: Any = "reject",
        opening: str | int | None = None,
        **fields: Any,
    ) -> UUID:
        """Opens an account, from then on known by `name`."""
        account_id = self.accounts[name] = self.fresh()
        if opening is not None:
            fields["opening"] = Opening(self.fresh(), amount(opening), day("2026-01-01"))
        guard = Guard(None if floor is None else amount(floor), policy)
        fields = {"currency": self.currency, "type": kind, "text": {"name": name}, "guard": guard} | fields
        self.do(OpenAccount, account_id=account_id, kind=kind, **fields)
        return account_id

    def household(self) -> "Scenario":
        """The accounts that most stories need."""
        self.account("cash")
        self.account("card", "liability")
        self.account("food", "expense")
        self.account("salary", "income")
        return self

    def legs(self, **amounts: str | int) -> list[Posting]:
        return [Posting(self.accounts[name], amount(value), self.currency) for name, value in amounts.items()]

    def post(self, date: str = "2026-03-01", *, fields: Any = None, **amounts: str | int) -> UUID:
        """Posts debit-positive amounts by account name; the transaction's id."""
        transaction_id = self.fresh()
        self.do(
            PostTransaction,
            transaction_id=transaction_id,
            date=day(date),
            postings=self.legs(**amounts),
            **(fields or {}),
        )
        return transaction_id

    def refuses_posting(
        self, refusal: type[R], date: str = "2026-03-01", *, fields: Any = None, **amounts: str | int
    ) -> R:
        return self.refuses(
            refusal,
            PostTransaction,
            transaction_id=self.fresh(),
            date=day(date),
            postings=self.legs(**amounts),
            **(fields or {}),
        )

    def hold(self, date: str = "2026-03-01", *, expires: str | None = None, **amounts: str | int) -> UUID:
        fields: dict[str, Any] = {"state": "pending"}
        if expires is not None:
            fields["expires_at"] = dt.datetime.fromisoformat(expires)
        return self.post(date, fields=fields, **amounts)

    def amend(self, transaction_id: UUID, date: str = "2026-03-01", **amounts: str | int) -> Outcome:
        return self.do(
            AmendTransaction,
            transaction_id=transaction_id,
            date=day(date),
            postings=self.legs(**amounts),
        )

    def reconcile(self, name: str, date: str, closing: str | int, *transactions: UUID) -> UUID:
        reconciliation_id = self.fresh()
        self.do(
            CompleteReconciliation, **self.statement(reconciliation_id, name, date, closing, *transactions)
        )
        return reconciliation_id

    def statement(
        self, reconciliation_id: UUID, name: str, date: str, closing: str | int, *transactions: UUID
    ) -> dict[str, Any]:
        """The fields of a statement's reconciliation."""
        return {
            "reconciliation_id": reconciliation_id,
            "account_id": self.accounts[name],
            "date": day(date),
            "currency": self.currency,
            "closing_balance": amount(closing),
            "transaction_ids": list(transactions),
        }

    def undo(self, outcome: Outcome) -> Outcome:
        return self.do(UndoCommand, undone_id=outcome.command_id, first=outcome.first, last=outcome.last)

    def refuses_undo(self, refusal: type[R], outcome: Outcome) -> R:
        return self.refuses(
            refusal, UndoCommand, undone_id=outcome.command_id, first=outcome.first, last=outcome.last
        )

    def last(self) -> Outcome:
        """The outcome of the last command, as its facts tell it (in memory)."""
        record = self.ledger.record
        command_id = record[-1].command_id
        mine = [recorded for recorded in record if recorded.command_id == command_id]
        return Outcome(command_id, mine[0].position, mine[-1].position, mine, [])

    def balance(self, name: str, currency: str | None = None) -> Balance:
        found: Balance = self.ledger.state.balance(self.accounts[name], currency or self.currency)
        return found

    def posted(self, name: str) -> Decimal:
        return self.balance(name).posted

    def transaction(self, transaction_id: UUID) -> Transaction:
        found = self.ledger.state.entity(Transaction, transaction_id)
        assert isinstance(found, Transaction)
        return found

    def named(self, name: str) -> Account:
        found = self.ledger.state.entity(Account, self.accounts[name])
        assert isinstance(found, Account)
        return found

    def topics(self, outcome: Outcome) -> list[str]:
        return [recorded.topic for recorded in outcome.facts]


def posting(book: Scenario, date: str = "2026-03-01", **amounts: Any) -> PostTransaction:
    """A command that is not carried out yet."""
    command: PostTransaction = book.command(
        PostTransaction, transaction_id=book.fresh(), date=day(date), postings=book.legs(**amounts)
    )
    return command
