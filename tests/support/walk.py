"""Random walks through what may happen to a few books: facts of every topic, to test what reads them."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from ledger.accounts import events as accounts
from ledger.books import events as books
from ledger.books.book import Book
from ledger.command import Draft
from ledger.entities import evolve
from ledger.identity import events as identity_events
from ledger.invitations import events as invitations
from ledger.postings import Posting
from ledger.reconciliations import events as reconciliations
from ledger.record import Fact
from ledger.transactions import events as transactions
from ledger.transactions.events import Terms
from ledger.undo import events as undo
from tests.support.history import Step, identity

CURRENCIES = ("USD", "EUR", "JPY")
FIRST_DAY = dt.date(2025, 11, 1)
WORDS = ("Bakery", "Rent", "Zoë's café", "salary", "日本", 'a"b\\c{d},e', "")


class Walk:
    """A walk that the seed decides: the same seed tells the same story."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._number = 0
        self._entities: dict[UUID, Any] = {}
        self._of: dict[tuple[str, UUID], list[UUID]] = {}
        self._books: list[UUID] = []
        self._commands = 0
        self._drafts: list[Draft] = []

    def steps(self, count: int) -> Iterator[Step]:
        """So many commands' worth of facts."""
        for _ in range(count):
            choice = self._random.random()
            if len(self._books) < 2 or choice < 0.03:
                book_id = self._open_book()
            else:
                book_id = self._random.choice(self._books)
                self._something(book_id, choice)
            drafts, self._drafts = self._drafts, []
            self._commands += 1
            yield Step(book_id, drafts)

    def _something(self, book_id: UUID, choice: float) -> None:
        if choice < 0.10 or len(self._of.get(("account", book_id), ())) < 3:
            self._open_account(book_id)
        elif choice < 0.25:
            self._change_account(book_id)
        elif choice < 0.30:
            self._change_book(book_id)
        elif choice < 0.65 or not self._of.get(("transaction", book_id)):
            self._begin_transaction(book_id)
        elif choice < 0.93:
            self._change_transaction(book_id)
        elif choice < 0.98:
            self._reconcile(book_id)
        else:
            fact = self._random.choice((undo.CommandUndone, undo.CommandRedone))
            self._add(
                book_id, identity("command", self._random.randint(0, self._commands)), fact(by=self._new())
            )

    def _add(self, book_id: UUID, stream_id: UUID, fact: Fact) -> None:
        noun = fact.topic.split(".", 1)[0]
        if stream_id not in self._entities:
            self._of.setdefault((noun, book_id), []).append(stream_id)
        self._entities[stream_id] = evolve(self._entities.get(stream_id), fact, stream_id, book_id)
        self._drafts.append(Draft(stream_id, fact))

    def _new(self) -> UUID:
        self._number += 1
        return identity("walk", self._number)

    def _words(self, *fields: str) -> dict[str, str]:
        return {field: self._random.choice(WORDS) for field in fields if self._random.random() < 0.7}

    def _pick(self, noun: str, book_id: UUID) -> UUID:
        return self._random.choice(self._of[noun, book_id])

    def _day(self) -> dt.date:
        return FIRST_DAY + dt.timedelta(days=self._random.randint(0, 120))

    def _open_book(self) -> UUID:
        owner, book_id = self._new(), self._new()
        self._books.append(book_id)
        registered = identity_events.UserRegistered(
            home_book_id=book_id, currency="USD", time_zone="UTC", text={"email": "a@example.org"}
        )
        self._add(book_id, owner, registered)
        text = self._words("name")
        self._add(
            book_id, book_id, books.BookOpened(owner_id=owner, currency="USD", time_zone="UTC", text=text)
        )
        for _ in range(3):
            self._open_account(book_id)
        return book_id

    def _change_book(self, book_id: UUID) -> None:
        if self._random.random() < 0.4:
            self._invitation(book_id)
            return
        fact = self._random.choice(
            (
                books.BookRenamed(text=self._words("name")),
                books.BookZoneChanged(time_zone="Asia/Tokyo"),
                books.BookCurrencyChanged(currency="EUR"),
                *self._memberships(self._entities[book_id]),
            )
        )
        self._add(book_id, book_id, fact)

    def _invitation(self, book_id: UUID) -> None:
        """Somebody is invited, or what became of an invitation."""
        known = [i for i in self._of.get(("invitation", book_id), []) if self._entities[i].status == "open"]
        if not known or self._random.random() < 0.5:
            text = {"email": f"Guest{self._number}@Example.org", **self._words("message")}
            expires_at = dt.datetime(2026, 3, 8, tzinfo=dt.UTC)
            sent = invitations.InvitationSent(
                role="viewer", by=self._new(), place=0, expires_at=expires_at, text=text
            )
            self._add(book_id, self._new(), sent)
            return
        user_id = self._new()
        ends: tuple[Fact, ...] = (
            invitations.InvitationAccepted(user_id=user_id),
            invitations.InvitationDeclined(user_id=user_id),
            invitations.InvitationWithdrawn(),
        )
        self._add(book_id, self._random.choice(known), self._random.choice(ends))

    def _memberships(self, book: Book) -> list[Fact]:
        """What may become of who belongs to the book."""
        invitation_id = self._new()
        joined = books.BookMemberJoined(user_id=self._new(), role="viewer", invitation_id=invitation_id)
        facts: list[Fact] = [joined]
        for user_id in book.heirs()[:1]:
            facts += [
                books.BookMemberRoleChanged(user_id=user_id, role=self._random.choice(("viewer", "editor"))),
                books.BookMemberLeft(user_id=user_id),
                books.BookMemberRemoved(user_id=user_id, by=book.owner_id),
                books.BookOwnerChanged(owner_id=user_id, previous_id=book.owner_id),
            ]
        return facts

    def _open_account(self, book_id: UUID) -> None:
        known = self._of.get(("account", book_id), [])
        fact = accounts.AccountOpened(
            kind=self._random.choice(accounts.KINDS),
            type="checking",
            currency=self._random.choice(CURRENCIES),
            any_currency=True,
            parent_id=self._random.choice([None, *known]),
            text={"name": f"Account {self._number}", **self._words("notes", "metadata")},
        )
        self._add(book_id, self._new(), fact)

    def _change_account(self, book_id: UUID) -> None:
        account_id = self._pick("account", book_id)
        asserted = accounts.BalanceAsserted(
            assertion_id=self._new(),
            date=self._day(),
            amount=self._amount(),
            currency="USD",
            text=self._words("notes"),
        )
        choices: list[Fact] = [
            accounts.AccountRenamed(text=self._words("name")),
            accounts.AccountDescribed(type="cash", text=self._words("notes", "colour")),
            accounts.AccountMoved(parent_id=None),
            accounts.AccountGuarded(guard=accounts.Guard(floor=Decimal("-100.50"), policy="flag")),
            accounts.AccountCurrenciesChanged(currencies=CURRENCIES[: self._random.randint(0, 3)]),
            accounts.AccountCounted(net_worth=self._random.random() < 0.5),
            accounts.AccountMadePrivate(private_to=identity("somebody")),
            accounts.AccountMadeShared(),
            accounts.AccountArchived(),
            accounts.AccountReopened(),
            accounts.AccountWithdrawn(),
            accounts.AccountReinstated(),
            asserted,
            asserted,
        ]
        for made in self._entities[account_id].assertions:
            choices.append(accounts.AssertionWithdrawn(assertion_id=made.assertion_id))
            choices.append(
                accounts.AssertionReinstated(
                    assertion_id=made.assertion_id, date=made.date, amount=made.amount, currency=made.currency
                )
            )
        self._add(book_id, account_id, self._random.choice(choices))

    def _amount(self) -> Decimal:
        return Decimal(self._random.randint(1, 99_999)).scaleb(-self._random.randint(0, 2))

    def _terms(self, book_id: UUID, state: transactions.State) -> Terms:
        postings: list[Posting] = []
        for _ in range(self._random.randint(1, 2)):
            amount, currency = self._amount(), self._random.choice(CURRENCIES)
            for sign in (1, -1):
                account_id = self._pick("account", book_id)
                postings.append(Posting(account_id, amount if sign > 0 else -amount, currency))
        return Terms(date=self._day(), postings=tuple(postings), state=state)

    def _begin_transaction(self, book_id: UUID) -> None:
        text = self._words("payee", "notes", "tags", "memo.0", "memo.1")
        if self._random.random() < 0.3:
            fact: Fact = transactions.TransactionHeld(terms=self._terms(book_id, "pending"), text=text)
        else:
            fact = transactions.TransactionPosted(terms=self._terms(book_id, "posted"), text=text)
        self._add(book_id, self._new(), fact)

    def _change_transaction(self, book_id: UUID) -> None:
        transaction_id = self._pick("transaction", book_id)
        transaction = self._entities[transaction_id]
        text = self._words("payee", "notes", "tags")
        account_id = transaction.terms.postings[0].account_id
        if transaction.in_force is None:
            terms = self._terms(book_id, self._random.choice(("posted", "pending")))
            self._add(book_id, transaction_id, transactions.TransactionRestored(after=terms, text=text))
            return
        before = transaction.terms
        choices: list[Fact] = [
            transactions.TransactionAmended(
                before=before, after=self._terms(book_id, before.state), text=text
            ),
            transactions.TransactionAmended(before=before, after=before, text=text),
            transactions.TransactionRestored(before=before, after=self._terms(book_id, "posted"), text=text),
            transactions.TransactionVoided(before=before, text=self._words("reason")),
            transactions.TransactionCleared(account_id=account_id),
            transactions.TransactionUncleared(account_id=account_id),
        ]
        if before.state == "pending":
            choices.append(transactions.TransactionExpired(before=before))
            choices.append(
                transactions.TransactionSettled(before=before, after=self._terms(book_id, "posted"))
            )
        self._add(book_id, transaction_id, self._random.choice(choices))

    def _reconcile(self, book_id: UUID) -> None:
        known = self._of.get(("reconciliation", book_id), [])
        if known and self._random.random() < 0.5:
            self._turn(book_id, self._random.choice(known))
            return
        transaction_id = self._pick("transaction", book_id)
        account_id = self._entities[transaction_id].terms.postings[0].account_id
        reconciliation_id = self._new()
        locked = transactions.TransactionReconciled(
            account_id=account_id, reconciliation_id=reconciliation_id
        )
        self._add(book_id, transaction_id, locked)
        made = reconciliations.StatementReconciled(
            account_id=account_id,
            date=self._day(),
            currency="USD",
            closing_balance=self._amount(),
            transaction_ids=(transaction_id,),
            text=self._words("notes"),
        )
        self._add(book_id, reconciliation_id, made)

    def _turn(self, book_id: UUID, reconciliation_id: UUID) -> None:
        made = self._entities[reconciliation_id]
        kind = transactions.TransactionUnreconciled if made.locked else transactions.TransactionReconciled
        for transaction_id in made.transaction_ids:
            fact = kind(account_id=made.account_id, reconciliation_id=reconciliation_id)
            self._add(book_id, transaction_id, fact)
        end = reconciliations.StatementUnlocked() if made.locked else reconciliations.StatementRelocked()
        self._add(book_id, reconciliation_id, end)
