"""Commands that change a transaction: amend, void, settle, expire, and mark it seen on a statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from msgspec.structs import replace

from ledger.accounts.account import Account
from ledger.command import Command, DayRange, Draft, State
from ledger.ids import NIL
from ledger.money import ZERO, InvalidAmount, add, check_exponent, known_exponent, split, total
from ledger.postings import Posting
from ledger.record import Fact
from ledger.refusals import InvalidValue, Stale
from ledger.transactions.commands import check_expiry
from ledger.transactions.events import (
    Terms,
    TransactionAmended,
    TransactionCleared,
    TransactionExpired,
    TransactionSettled,
    TransactionUncleared,
    TransactionVoided,
    Type,
)
from ledger.transactions.forms import Origin
from ledger.transactions.placing import flags, inferred_type, needed_days, place
from ledger.transactions.refusals import (
    AlreadyVoided,
    HoldExpired,
    HoldNotDue,
    MoreThanHeld,
    NotOnAccount,
    NotPending,
    ReconciledLocked,
    StateFixed,
    UnknownTransaction,
)
from ledger.transactions.seeing import check_own_money, looking, seen
from ledger.transactions.standing import put_back
from ledger.transactions.transaction import Transaction


class TransactionChange(Command, frozen=True, kw_only=True):
    """The base of commands on one existing transaction. `expected_version` (from If-Match) must be its present
    version, or the command is refused as Stale; None accepts any."""

    transaction_id: UUID
    expected_version: int | None = None

    def streams(self) -> Iterator[UUID]:
        yield self.transaction_id

    def more_streams(self, state: State) -> Iterable[UUID]:
        transaction = state.entity(Transaction, self.transaction_id)
        legs = transaction.terms.postings if transaction else ()
        return [p.account_id for p in (*legs, *self.further_postings())]

    def balances(self, state: State) -> Iterable[tuple[UUID, str]]:
        transaction = state.entity(Transaction, self.transaction_id)
        legs = transaction.terms.postings if transaction else ()
        return [(p.account_id, p.currency) for p in (*legs, *self.further_postings())]

    def days(self, state: State) -> Iterable[DayRange]:
        transaction = state.entity(Transaction, self.transaction_id)
        if transaction is None or transaction.in_force is None:
            return ()
        likely = self.likely(transaction)
        return needed_days(state, likely) if likely is not None else ()

    def further_postings(self) -> Sequence[Posting]:
        """The postings that the command brings with it."""
        return ()

    def likely(self, transaction: Transaction) -> Fact | None:
        """The fact that will come of it if nothing is refused; says which days must be known."""
        return TransactionVoided(before=transaction.terms)

    def present(self, state: State) -> Transaction:
        """The transaction, of this book, known to the actor and at the expected version. Raises
        UnknownTransaction, Stale."""
        transaction = state.entity(Transaction, self.transaction_id)
        if (
            transaction is None
            or transaction.book_id != self.book_id
            or seen(transaction.terms, self.actor_id, looking(state)) == "nothing"
        ):
            raise UnknownTransaction(f"There is no transaction {self.transaction_id} in this book.")
        if self.expected_version is not None and self.expected_version != transaction.version:
            raise Stale(
                f"You read version {self.expected_version}; it is at version {transaction.version} now. "
                "Read it again and repeat your change on that.",
                expected=self.expected_version,
                current=transaction.version,
            )
        return transaction


class AmendTransaction(TransactionChange, frozen=True, kw_only=True):
    """Replace what a transaction says; a pending one stays pending. Words may always be changed; amount, date
    and accounts only while no leg is reconciled or private to somebody else, which is given as it was shown.
    A `state` that is given must be the present one. Raises as PostTransaction does, and StateFixed, AlreadyVoided,
    ReconciledLocked, PrivateLeg, UnknownTransaction, Stale."""

    name: ClassVar[str] = "transaction.amend"

    date: dt.date
    postings: Sequence[Posting]
    text: Mapping[str, str] = {}
    type: Type | None = None
    state: Literal["pending", "posted"] | None = None
    expires_at: dt.datetime | None = None
    origins: Sequence[Origin] = ()

    def further_postings(self) -> Sequence[Posting]:
        return self.postings

    def likely(self, transaction: Transaction) -> Fact | None:
        return TransactionAmended(before=transaction.terms, after=self._terms(transaction, "journal"))

    def weight(self) -> int:
        return 400 + 240 * len(self.postings) + sum(map(len, self.text.values()))

    def decide(self, state: State) -> list[Draft]:
        transaction = self.present(state)
        before = unvoided(transaction)
        if self.state is not None and self.state != before.state:
            raise StateFixed(f"The transaction is {before.state}.", field="state", state=before.state)
        unlapsed(before, self.now)
        postings, text = put_back(state, transaction, self.postings, self.text, self.actor_id)
        standing = self.date == before.date and legs(postings) == legs(before.postings)
        if not standing:
            check_own_money(state, before, self.actor_id)
            unlocked(transaction)
        viewer = NIL if standing else self.actor_id
        accounts = place(
            state, self.book_id, self.date, postings, self.origins, viewer=viewer, standing=standing
        )
        if self.expires_at != before.expires_at:
            check_expiry(before.state, self.expires_at, self.now)
        terms = self._terms(transaction, self.type or inferred_type(accounts))
        after = replace(terms, postings=tuple(postings))
        if after == before and dict(text) == dict(transaction.text):
            return []
        fact = TransactionAmended(before=before, after=after, text=text)
        flagged = flags(state, fact)
        return [Draft(self.transaction_id, replace(fact, flagged=flagged) if flagged else fact)]

    def _terms(self, transaction: Transaction, type_: Type) -> Terms:
        return Terms(self.date, tuple(self.postings), type_, transaction.terms.state, self.expires_at)


class VoidTransaction(TransactionChange, frozen=True, kw_only=True):
    """Take a transaction back in full, or release a hold. Raises AlreadyVoided, ReconciledLocked, PrivateLeg,
    FloorBreached (money that came in may be spent already), UnknownTransaction, Stale."""

    name: ClassVar[str] = "transaction.void"

    reason: str | None = None

    def decide(self, state: State) -> list[Draft]:
        transaction = self.present(state)
        before = unvoided(transaction)
        check_own_money(state, before, self.actor_id)
        unlocked(transaction)
        fact = TransactionVoided(before=before, text={"reason": self.reason} if self.reason else {})
        flagged = flags(state, fact)
        return [Draft(self.transaction_id, replace(fact, flagged=flagged) if flagged else fact)]


class SettleTransaction(TransactionChange, frozen=True, kw_only=True):
    """Post a pending transaction: whole, or `amount` of it (in the currency that most of it is in, every leg in
    proportion), or the given `postings` (no leg beyond what was held). The rest is released.

    `date` is the posting date, else the hold's own. Raises NotPending, HoldExpired, MoreThanHeld, AlreadyVoided,
    and as PostTransaction does.
    """

    name: ClassVar[str] = "transaction.settle"

    date: dt.date | None = None
    amount: Decimal | None = None
    postings: Sequence[Posting] = ()

    def further_postings(self) -> Sequence[Posting]:
        return self.postings

    def likely(self, transaction: Transaction) -> Fact | None:
        terms = transaction.terms
        return TransactionSettled(before=terms, after=self._after(terms, self.postings or terms.postings))

    def decide(self, state: State) -> list[Draft]:
        transaction = self.present(state)
        before = unvoided(transaction)
        if before.state != "pending":
            raise NotPending("The transaction is posted already.", state=before.state)
        unlapsed(before, self.now)
        check_own_money(state, before, self.actor_id)
        postings = self._postings(before, state)
        after = self._after(before, postings)
        place(state, self.book_id, after.date, postings, viewer=self.actor_id)
        fact = TransactionSettled(before=before, after=after)
        flagged = flags(state, fact)
        return [Draft(self.transaction_id, replace(fact, flagged=flagged) if flagged else fact)]

    def _after(self, before: Terms, postings: Sequence[Posting]) -> Terms:
        return Terms(self.date or before.date, tuple(postings), before.type, "posted")

    def _postings(self, before: Terms, state: State) -> Sequence[Posting]:
        if self.postings:
            within_hold(self.postings, before.postings)
            return self.postings
        if self.amount is not None:
            return part_of(before.postings, self.amount)
        return before.postings


class ExpireTransaction(TransactionChange, frozen=True, kw_only=True):
    """Release a hold whose time has passed. Raises NotPending, HoldNotDue, UnknownTransaction."""

    name: ClassVar[str] = "transaction.expire"

    def decide(self, state: State) -> list[Draft]:
        transaction = self.present(state)
        if transaction.state != "pending":
            raise NotPending("The transaction is not pending.", state=transaction.state)
        expires_at = transaction.terms.expires_at
        if expires_at is None or expires_at > self.now:
            raise HoldNotDue("The hold has not lapsed.")
        return [Draft(self.transaction_id, TransactionExpired(before=transaction.terms))]


class MarkCleared(TransactionChange, frozen=True, kw_only=True):
    """Mark (or, with `cleared` false, unmark) the leg on an account as seen on a statement; it is not locked.
    Raises NotOnAccount, AlreadyVoided, NotPending for a hold, ReconciledLocked, UnknownTransaction."""

    name: ClassVar[str] = "transaction.clear"

    account_id: UUID
    cleared: bool = True

    def decide(self, state: State) -> list[Draft]:
        transaction = self.present(state)
        terms = unvoided(transaction)
        account = state.entity(Account, self.account_id)
        known = account is not None and account.seen_by(self.actor_id)
        if not known or all(p.account_id != self.account_id for p in terms.postings):
            raise NotOnAccount("This transaction has no posting on that account.", field="account_id")
        if terms.state == "pending":
            raise NotPending("A hold is not on a statement yet; post it first.", state=terms.state)
        if self.account_id in transaction.reconciled.values():
            raise ReconciledLocked("The leg is reconciled; unlock its statement first.")
        if (self.account_id in transaction.cleared) == self.cleared:
            return []
        kind = TransactionCleared if self.cleared else TransactionUncleared
        return [Draft(self.transaction_id, kind(account_id=self.account_id))]


def unvoided(transaction: Transaction) -> Terms:
    """The terms in force. Raises AlreadyVoided."""
    terms = transaction.in_force
    if terms is None:
        how = "lapsed" if transaction.expired else "was voided"
        raise AlreadyVoided(f"This transaction {how} before. Undo that command to bring it back.")
    return terms


def unlapsed(terms: Terms, now: dt.datetime) -> None:
    """Raises HoldExpired for a hold whose time has passed, whether or not it is released already."""
    if terms.state == "pending" and terms.expires_at is not None and terms.expires_at <= now:
        raise HoldExpired(f"The hold lapsed at {terms.expires_at.isoformat()}.")


def unlocked(transaction: Transaction) -> None:
    """Raises ReconciledLocked when any leg is part of a reconciled statement."""
    for reconciliation_id, account_id in transaction.reconciled.items():
        raise ReconciledLocked(
            "A leg of this transaction is reconciled. Unlock that reconciliation first; payee, notes and tags "
            "can be changed without.",
            account_id=str(account_id),
            reconciliation_id=str(reconciliation_id),
        )


def legs(postings: Sequence[Posting]) -> list[tuple[UUID, str, Decimal]]:
    """Postings as a comparable set."""
    return sorted((p.account_id, p.currency, p.amount) for p in postings)


def within_hold(postings: Sequence[Posting], held: Sequence[Posting]) -> None:
    """Raises MoreThanHeld unless each account's net is on the same side as, and not beyond, what was held."""
    limits: dict[tuple[UUID, str], Decimal] = {}
    wanted: dict[tuple[UUID, str], Decimal] = {}
    for target, legs_ in ((limits, held), (wanted, postings)):
        for p in legs_:
            key = (p.account_id, p.currency)
            target[key] = add(target.get(key, ZERO), p.amount)
    for key, amount in wanted.items():
        limit = limits.get(key, ZERO)
        if amount and (limit == 0 or (amount < 0) != (limit < 0) or amount.copy_abs() > limit.copy_abs()):
            raise MoreThanHeld(
                f"{limit:f} {key[1]} was held on the account and {amount:f} is to be posted.",
                field="postings",
                account_id=str(key[0]),
                held=format(limit, "f"),
                wanted=format(amount, "f"),
            )


def part_of(held: Sequence[Posting], amount: Decimal) -> tuple[Posting, ...]:
    """The postings of a hold scaled down so that `amount` (positive) of its debits is posted, in one currency;
    no minor unit is lost. Raises InvalidAmount, MoreThanHeld, InvalidValue for a hold in several currencies."""
    currencies = {p.currency for p in held}
    if len(currencies) != 1:
        raise InvalidValue(
            "A hold in several currencies is posted in part by giving `postings`.", field="amount"
        )
    debits = [p for p in held if p.amount > 0]
    held_sum = total([p.amount for p in debits])
    if amount <= 0:
        raise InvalidAmount(
            "The amount to post must be more than zero; void the hold to release it.", field="amount"
        )
    if amount > held_sum:
        raise MoreThanHeld(
            f"{held_sum:f} was held and {amount:f} is to be posted.",
            field="amount",
            held=format(held_sum, "f"),
            wanted=format(amount, "f"),
        )
    exponent = known_exponent(held[0].currency)
    if exponent is None:
        exponent = max(max(0, -int(p.amount.as_tuple().exponent)) for p in held)
    check_exponent(amount, held[0].currency, exponent, field="amount")
    parts = {}
    for sign in (1, -1):
        side = [i for i, p in enumerate(held) if p.amount and (p.amount > 0) == (sign > 0)]
        for i, share in zip(
            side, split(amount, [held[i].amount.copy_abs() for i in side], exponent), strict=True
        ):
            parts[i] = share if sign > 0 else share.copy_negate()
    return tuple(Posting(p.account_id, parts[i], p.currency) for i, p in enumerate(held) if parts.get(i))
