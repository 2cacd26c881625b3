"""Commands that lock the transactions of a bank's statement, and unlock them again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from ledger.accounts.account import Account
from ledger.accounts.events import AccountStatementLocked, AccountStatementUnlocked
from ledger.accounts.refusals import NotGuardable, WrongCurrency
from ledger.command import Command, Draft, State
from ledger.money import check_exponent
from ledger.reconciliations.events import StatementReconciled, StatementUnlocked
from ledger.reconciliations.reconciliation import Reconciliation
from ledger.reconciliations.refusals import (
    AlreadyUnlocked,
    BeforeLastStatement,
    NotLastStatement,
    UnknownReconciliation,
)
from ledger.reconciliations.statement import check_statement
from ledger.refusals import InvalidValue
from ledger.transactions.events import TransactionReconciled, TransactionUnreconciled
from ledger.transactions.placing import check_date, find

MOST_TRANSACTIONS = 5_000


class CompleteReconciliation(Command, frozen=True, kw_only=True):
    """Reconcile a statement: its transactions are marked cleared and locked.

    The closing balance of the account's last reconciled statement in `currency` (0 if there is none) and the
    legs of `transaction_ids` on the account must come to `closing_balance` (debit positive). Every one must
    be posted, dated up to and with `date`, and on no other statement of the account and currency.
    `reconciliation_id` is fresh. text: notes. Raises StatementDiffers with the difference, and a refusal for
    each of these rules.
    """

    name: ClassVar[str] = "reconciliation.complete"

    reconciliation_id: UUID
    account_id: UUID
    date: dt.date
    currency: str
    closing_balance: Decimal
    transaction_ids: Sequence[UUID]
    text: Mapping[str, str] = {}

    def streams(self) -> Iterable[UUID]:
        return (self.reconciliation_id, self.account_id, *self.transaction_ids[:MOST_TRANSACTIONS])

    def weight(self) -> int:
        return 1_000 + 400 * len(self.transaction_ids)

    def decide(self, state: State) -> list[Draft]:
        account = self._account(state)
        self._whole(state)
        last = account.locked_in(self.currency)[-1:]
        if last and self.date < last[0].date:
            raise BeforeLastStatement(
                f"The last reconciled statement ends on {last[0].date}.",
                field="date",
                date=last[0].date.isoformat(),
                reconciliation_id=str(last[0].reconciliation_id),
            )
        check_statement(state, self._statement(), self.actor_id)
        completed = StatementReconciled(
            account_id=self.account_id,
            date=self.date,
            currency=self.currency,
            closing_balance=self.closing_balance,
            transaction_ids=tuple(self.transaction_ids),
            text=self.text,
        )
        on_it = TransactionReconciled(account_id=self.account_id, reconciliation_id=self.reconciliation_id)
        chained = AccountStatementLocked(
            reconciliation_id=self.reconciliation_id,
            date=self.date,
            currency=self.currency,
            closing_balance=self.closing_balance,
        )
        return [
            Draft(self.reconciliation_id, completed),
            *(Draft(transaction_id, on_it) for transaction_id in self.transaction_ids),
            Draft(self.account_id, chained),
        ]

    def _account(self, state: State) -> Account:
        account = find(state, self.book_id, self.account_id, self.actor_id, "account_id")
        if not account.keeps_days:
            raise NotGuardable("Statements are of assets and liabilities.", field="account_id")
        if not account.holds(self.currency):
            raise WrongCurrency(f"The account does not hold {self.currency}.", field="currency")
        check_exponent(
            self.closing_balance, self.currency, account.decimals(self.currency), field="closing_balance"
        )
        return account

    def _whole(self, state: State) -> None:
        check_date(self.date)
        if state.version(self.reconciliation_id):
            raise InvalidValue("This reconciliation id is taken; ids are used once.", field="id")
        if len(self.transaction_ids) > MOST_TRANSACTIONS:
            raise InvalidValue(
                f"A statement has at most {MOST_TRANSACTIONS} transactions.", field="transaction_ids"
            )
        if len(set(self.transaction_ids)) < len(self.transaction_ids):
            raise InvalidValue("A transaction is named twice.", field="transaction_ids")

    def _statement(self) -> Reconciliation:
        return Reconciliation(
            reconciliation_id=self.reconciliation_id,
            book_id=self.book_id,
            account_id=self.account_id,
            date=self.date,
            currency=self.currency,
            closing_balance=self.closing_balance,
            transaction_ids=tuple(self.transaction_ids),
        )


class UnlockReconciliation(Command, frozen=True, kw_only=True):
    """Free the transactions of the statement that was reconciled last; they stay marked cleared. Raises
    UnknownReconciliation, AlreadyUnlocked, NotLastStatement."""

    name: ClassVar[str] = "reconciliation.unlock"

    reconciliation_id: UUID
    reason: str | None = None

    def streams(self) -> Iterable[UUID]:
        return (self.reconciliation_id,)

    def more_streams(self, state: State) -> Iterable[UUID]:
        statement = state.entity(Reconciliation, self.reconciliation_id)
        return (statement.account_id, *statement.transaction_ids) if statement is not None else ()

    def weight(self) -> int:
        return 1_000 + 400 * MOST_TRANSACTIONS

    def decide(self, state: State) -> list[Draft]:
        statement = state.entity(Reconciliation, self.reconciliation_id)
        account = state.entity(Account, statement.account_id) if statement is not None else None
        known = account is not None and account.seen_by(self.actor_id)
        if statement is None or statement.book_id != self.book_id or not known:
            raise UnknownReconciliation(f"There is no reconciliation {self.reconciliation_id} in this book.")
        if not statement.locked:
            raise AlreadyUnlocked("The reconciliation was unlocked before.")
        account = find(state, self.book_id, statement.account_id, self.actor_id)
        last = account.locked_in(statement.currency)[-1]
        if last.reconciliation_id != self.reconciliation_id:
            raise NotLastStatement(
                f"The statement of {last.date} was reconciled after it. Unlock that first.",
                reconciliation_id=str(last.reconciliation_id),
            )
        off_it = TransactionUnreconciled(
            account_id=statement.account_id, reconciliation_id=self.reconciliation_id
        )
        return [
            Draft(
                self.reconciliation_id,
                StatementUnlocked(text={"reason": self.reason} if self.reason else {}),
            ),
            *(Draft(transaction_id, off_it) for transaction_id in statement.transaction_ids),
            Draft(statement.account_id, AccountStatementUnlocked(reconciliation_id=self.reconciliation_id)),
        ]
