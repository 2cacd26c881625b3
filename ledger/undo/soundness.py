"""Whether what an undoing brings back keeps every rule: accounts, names, floors, assertions, statements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from ledger.accounts.account import Account
from ledger.accounts.events import (
    AccountCurrenciesChanged,
    AccountGuarded,
    AccountMadePrivate,
    AccountMadeShared,
    AccountMoved,
    AccountReinstated,
    AccountRenamed,
    AccountWithdrawn,
    AssertionReinstated,
)
from ledger.accounts.guarding import breaches, posted_at_end
from ledger.accounts.refusals import AssertionFailed, NotYourAccount
from ledger.accounts.rules import (
    FIRST_DAY,
    check_assertions,
    check_history,
    check_parent,
    currencies_unused,
    name_free,
)
from ledger.command import Draft, State
from ledger.entities import evolve
from ledger.ids import NIL
from ledger.money import EXACT, ZERO
from ledger.reconciliations.events import StatementRelocked
from ledger.reconciliations.reconciliation import Reconciliation
from ledger.reconciliations.statement import check_statement
from ledger.record import Fact, Recorded
from ledger.refusals import Refusal
from ledger.transactions.effects import Effect, effects, transition
from ledger.transactions.placing import place, watched_under
from ledger.undo.aspects import KINDS
from ledger.undo.compensation import same_money
from ledger.undo.refusals import AccountInUse, UndoBlocked


class Outlook:
    """The state as it will be once the compensation is recorded, as far as entities go."""

    def __init__(self, state: State, drafts: Iterable[Draft], book_id: UUID) -> None:
        self._state = state
        self._ahead: dict[UUID, Any] = {}
        for draft in drafts:
            stream_id, fact = draft.stream_id, draft.fact
            kind = KINDS[fact.topic.split(".", 1)[0]]
            entity = self._ahead.get(stream_id) or state.entity(kind, stream_id)
            self._ahead[stream_id] = evolve(entity, fact, stream_id, book_id)

    def entity(self, kind: type[Any], stream_id: UUID) -> Any:
        if stream_id in self._ahead:
            ahead = self._ahead[stream_id]
            return ahead if isinstance(ahead, kind) else None
        return self._state.entity(kind, stream_id)

    def __getattr__(self, question: str) -> Any:
        return getattr(self._state, question)


class _Open(Outlook):
    """The same with every account open: archiving ends new postings, and keeps history as it was and is again."""

    def __init__(self, ahead: Any) -> None:
        super().__init__(ahead, (), NIL)

    def entity(self, kind: type[Any], stream_id: UUID) -> Any:
        found = super().entity(kind, stream_id)
        return replace(found, archived=False) if isinstance(found, Account) and found.archived else found


def check(
    state: State, book_id: UUID, actor_id: UUID, undone: Sequence[Recorded], drafts: Sequence[Draft]
) -> None:
    """Refuses a compensation that would break a rule. Raises AccountInUse, ReconciledLocked, NotYourAccount, and
    UndoBlocked for what would be wrong with the content of a request, because here it is the state that does not
    allow it."""
    ahead: Any = Outlook(state, drafts, book_id)
    try:
        for draft in drafts:
            _check(ahead, state, book_id, actor_id, undone, drafts, draft)
    except Refusal as refusal:
        if refusal.status in (403, 409):
            raise
        raise UndoBlocked(refusal.detail, because=refusal.code, **refusal.facts) from refusal


def _check(
    ahead: State,
    state: State,
    book_id: UUID,
    actor_id: UUID,
    undone: Sequence[Recorded],
    drafts: Sequence[Draft],
    draft: Draft,
) -> None:
    stream_id, fact = draft.stream_id, draft.fact
    before, after = transition(fact)
    if after is not None and not same_money(before, after):
        place(_Open(ahead), book_id, after.date, after.postings, viewer=actor_id)
    account = ahead.entity(Account, stream_id)
    if account is None:
        reconciliation = ahead.entity(Reconciliation, stream_id)
        if isinstance(fact, StatementRelocked) and reconciliation is not None:
            check_statement(ahead, reconciliation, actor_id)
        return
    match fact:
        case AccountWithdrawn():
            _unused(state, account, undone)
        case AccountReinstated() | AccountRenamed() | AccountMoved():
            name_free(state, book_id, account.parent_id, account.name, stream_id, account.private_to)
            if account.parent_id is not None and not isinstance(fact, AccountRenamed):
                above = ahead.entity(Account, account.parent_id)
                if above is not None and not above.seen_by(actor_id):
                    raise UndoBlocked("Where the account stood before is not for you to see.")
                check_parent(ahead, book_id, account.kind, account.parent_id, actor_id, below=stream_id)
        case AccountMadePrivate() | AccountMadeShared():
            present = state.entity(Account, stream_id)
            if actor_id not in (account.private_to, present.private_to if present else None):
                raise NotYourAccount("Only who opened an account decides whether it is private.")
            name_free(state, book_id, account.parent_id, account.name, stream_id, account.private_to)
        case AccountGuarded(guard=guard) if guard.policy == "reject":
            check_assertions(state, account)
            if guard.floor is not None:
                check_history(state, account, guard.floor)
        case AccountCurrenciesChanged(currencies=kept):
            present = state.entity(Account, stream_id)
            currencies_unused(state, account, set(present.currencies if present else ()) - set(kept), None)
        case AssertionReinstated() if account.guard.policy == "reject":
            _still_true(state, account, fact, drafts)


def _unused(state: State, account: Account, undone: Sequence[Recorded]) -> None:
    """Raises AccountInUse unless the account has no children and nothing was ever posted on it beyond what
    the undone command itself put there."""
    usage = state.usage(account.account_id)
    if usage.children:
        raise AccountInUse(
            "There are accounts below it. Move them first, or archive the account.",
            account_id=str(account.account_id),
        )
    own = [e for r in undone for e in effects(r.fact) if e.account_id == account.account_id]
    for currency in usage.currencies:
        if not _only(state, account, currency, [e for e in own if e.currency == currency]):
            raise AccountInUse(
                "Something has been posted on the account. Archive it instead.",
                account_id=str(account.account_id),
                currency=currency,
            )


def _only(state: State, account: Account, currency: str, own: Sequence[Effect]) -> bool:
    """Whether exactly the changes `own` ever were made to the account in the currency, on their days."""
    if not own or not account.keeps_days:
        return False
    expected: dict[dt.date, tuple[Decimal, Decimal]] = {}
    for effect in own:
        posted, reserved = expected.get(effect.date, (ZERO, ZERO))
        expected[effect.date] = EXACT.add(posted, effect.posted), EXACT.add(reserved, effect.reserved)
    days = state.days(account.account_id, currency, FIRST_DAY)
    return {day.date: (day.posted, day.reserved) for day in days} == expected


def _still_true(state: State, account: Account, fact: AssertionReinstated, drafts: Sequence[Draft]) -> None:
    actual = posted_at_end(state, account, fact.currency, fact.date)
    for draft in drafts:
        for effect in effects(draft.fact):
            mine = (effect.account_id, effect.currency) == (account.account_id, fact.currency)
            if mine and effect.date <= fact.date:
                actual = EXACT.add(actual, effect.posted)
    if actual != fact.amount:
        raise AssertionFailed(
            f"At the end of {fact.date} the account has {actual:f} {fact.currency}, not the {fact.amount:f} "
            "that was asserted.",
            actual=format(actual, "f"),
            asserted=format(fact.amount, "f"),
            currency=fact.currency,
        )


def flagged(state: State, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, each with the accounts whose floor or assertion the whole breaches under the policy to
    flag.

    All are judged together: a command is taken back at once, and what lies between its facts never was.
    Raises FloorBreached, AssertionBroken."""
    accounts: dict[UUID, Account] = {}
    for draft in drafts:
        accounts.update((a.account_id, a) for a in watched_under(state, draft.fact))
    if not accounts:
        return list(drafts)
    changes = [effect for draft in drafts for effect in effects(draft.fact)]
    marked = set(breaches(state, list(accounts.values()), changes))
    return [Draft(d.stream_id, _marked(d.fact, marked)) for d in drafts] if marked else list(drafts)


def _marked(fact: Fact, accounts: set[UUID]) -> Fact:
    mine = tuple(sorted({e.account_id for e in effects(fact)} & accounts))
    return replace(fact, flagged=mine) if mine and hasattr(fact, "flagged") else fact
