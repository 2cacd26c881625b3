"""What somebody may see of a shared book: the one place where what is private to others is left out of an answer.

Read models are read through a veil (projections/veil.py). Here is the same for what comes from the record itself:
entities, facts, and the balances that a command led to. An account that is private to somebody else does not exist,
nor does a transaction whose assets and liabilities are all private to others; a leg on such an account of another
transaction stands on the book's private side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace
from starlette.requests import Request

from api.principal import Principal
from api.reading import fresh
from api.services import context
from api.veiling import maybe_veiled
from ledger.accounts.account import Account, private_side
from ledger.accounts.events import AccountMoved, AccountOpened
from ledger.accounts.refusals import UnknownAccount
from ledger.books.book import Book
from ledger.books.events import BookPrivacyBegun
from ledger.invitations.events import InvitationSent
from ledger.invitations.invitation import Invitation
from ledger.postings import Posting
from ledger.reconciliations.reconciliation import Reconciliation
from ledger.record import Recorded
from ledger.transactions.effects import transition
from ledger.transactions.events import Terms, TransactionVoided
from ledger.transactions.transaction import Transaction
from projections.veil import Veil

_PERSONAL = frozenset({"user", "session", "key"})
_NOTHING: frozenset[UUID] = frozenset()


class Sight(msgspec.Struct, frozen=True):
    """What `viewer` sees of a book; `veil` is what they do not, None where nothing is hidden. By an API key
    (`by_key`) they see nothing of what is recorded of themselves: that takes another scope than the book's trail."""

    viewer: UUID
    veil: Veil | None = None
    by_key: bool = False

    @property
    def clear(self) -> bool:
        """Whether nothing in the book is hidden."""
        return self.veil is None

    @property
    def hidden(self) -> frozenset[UUID]:
        return self.veil.hidden if self.veil is not None else _NOTHING

    def sees(self, account_id: UUID | None) -> bool:
        """Whether the account is not private to somebody else."""
        return account_id not in self.hidden

    def check(self, account_id: UUID, field: str | None = None) -> None:
        """Raises UnknownAccount for an account that they may not know of."""
        if not self.sees(account_id):
            raise UnknownAccount(f"There is no account {account_id} in this book.", field=field)

    def terms(self, terms: Terms | None) -> Terms | None:
        """The terms as they are shown; None where nothing of them is."""
        veil = self.veil
        if veil is None or terms is None or not any(p.account_id in veil.hidden for p in terms.postings):
            return terms
        if not any(p.account_id in veil.own for p in terms.postings):
            return None
        side = private_side(veil.book_id)
        legs = [
            Posting(side, p.amount, p.currency) if p.account_id in veil.hidden else p for p in terms.postings
        ]
        return replace(terms, postings=tuple(legs))

    def words(self, text: Mapping[str, str], terms: Terms | None) -> Mapping[str, str]:
        """The words without the memos of hidden legs; `terms` are those that they were said with."""
        if self.clear or terms is None:
            return text
        lines = {f"memo.{n}" for n, p in enumerate(terms.postings) if p.account_id in self.hidden}
        return {key: said for key, said in text.items() if key not in lines} if lines else text

    def entity(self, entity: Any) -> Any:
        """An account, transaction, statement or book as they may see it; None if they may not."""
        match entity:
            case Book():
                return replace(entity, private=entity.private & {self.viewer})
            case Invitation(by=by):
                return entity if self._sent(by) else replace(entity, text={})
            case _ if self.clear:
                return entity
            case Account(parent_id=parent_id):
                if not self.sees(entity.account_id):
                    return None
                return entity if self.sees(parent_id) else replace(entity, parent_id=None)
            case Transaction():
                return self._transaction(entity)
            case Reconciliation(account_id=account_id):
                return entity if self.sees(account_id) else None
            case _:
                return entity

    def fact(self, recorded: Recorded) -> Recorded | None:
        """A fact as they may know it; None if they may not. Of what a statement's later facts are about, and of the
        undoing of commands, the fact itself says nothing: see `api.visible_facts`."""
        fact: Any = recorded.fact
        noun = recorded.topic.split(".", 1)[0]
        if noun in _PERSONAL:
            return recorded if recorded.stream_id == self.viewer and not self.by_key else None
        if isinstance(fact, BookPrivacyBegun):
            return recorded if fact.person_id == self.viewer else None
        if isinstance(fact, InvitationSent) and not self._sent(fact.by):
            return replace(recorded, fact=replace(fact, text={}))
        if self.clear:
            return recorded
        if noun == "account":
            if not self.sees(recorded.stream_id):
                return None
            if isinstance(fact, AccountOpened | AccountMoved) and not self.sees(fact.parent_id):
                return replace(recorded, fact=replace(fact, parent_id=None))
            return recorded
        if noun == "transaction":
            return self._of_transaction(recorded, fact)
        return recorded if self.sees(getattr(fact, "account_id", None)) else None

    def _sent(self, by: UUID) -> bool:
        """Whether they may read whom an invitation of this person went to, and what it says: who sent it may."""
        return by == self.viewer and not self.by_key

    def _transaction(self, transaction: Transaction) -> Transaction | None:
        terms = self.terms(transaction.terms)
        if terms is None or terms is transaction.terms:
            return None if terms is None else transaction
        return replace(
            transaction,
            terms=terms,
            text=self.words(transaction.text, transaction.terms),
            cleared=transaction.cleared - self.hidden,
            reconciled={r: a for r, a in transaction.reconciled.items() if self.sees(a)},
        )

    def _of_transaction(self, recorded: Recorded, fact: Any) -> Recorded | None:
        before, after = transition(fact)
        if before is None and after is None:
            return recorded if self.sees(fact.account_id) else None
        seen = [self.terms(before), self.terms(after)]
        if seen == [before, after]:
            return recorded
        if seen == [None, None]:
            return None
        shown: dict[str, Any] = {"before": seen[0], "after": seen[1], "terms": seen[1]}
        changes = {name: shown[name] for name in shown if name in fact.__struct_fields__}
        # What was said with terms that are not shown is not shown either.
        said_with = before if isinstance(fact, TransactionVoided) else after
        text = {} if self.terms(said_with) is None else self.words(fact.text, said_with)
        if "flagged" in fact.__struct_fields__:
            changes["flagged"] = tuple(a for a in fact.flagged if self.sees(a))
        return replace(recorded, fact=replace(fact, text=text, **changes))


def sight_of(who: Principal, veil: Veil | None) -> Sight:
    """What somebody sees of a book, part of which is veiled for them."""
    return Sight(who.user_id, veil, who.key_id is not None)


async def sight(request: Request) -> Sight:
    """What whoever asks may see of the book. A look at the database only where something might be hidden."""
    found = context(request)
    who = found.principal
    if who is None:
        raise LookupError("a public operation has no principal")
    if maybe_veiled(found) is None:
        return sight_of(who, None)
    async with fresh(request):
        return sight_of(who, found.veil)


def shown_flags(seen: Sight, facts: Iterable[Recorded]) -> list[UUID]:
    """The accounts that some facts flagged, as far as they are seen."""
    flagged = (account_id for each in facts for account_id in getattr(each.fact, "flagged", ()))
    return [account_id for account_id in dict.fromkeys(flagged) if seen.sees(account_id)]
