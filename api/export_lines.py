"""The lines of an export: what belongs to a person as they know it, and as nobody can tell whose it is."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

import msgspec

from api.accounts import shown
from api.commodities import Declared
from api.snapshots import data
from api.transaction_answers import transaction_answer
from ledger.ids import derived_id
from ledger.record import Recorded
from projections.accounts import AccountView
from projections.books import BookView
from projections.listed import Listed

Line = Mapping[str, Any]
Sums = Sequence[tuple[str, Decimal]]
"""What is posted on an account, by currency."""


class Lines(Protocol):
    """How each kind of thing is written."""

    def book(self, book: BookView) -> Line: ...
    def account(self, view: AccountView, sums: Sums) -> Line: ...
    def transaction(self, listed: Listed, declared: Declared) -> Line: ...
    def fact(self, recorded: Recorded) -> Line: ...
    def deed(self, recorded: Recorded) -> Line: ...


class Whole:
    """Everything, in the shapes of the interface."""

    def book(self, book: BookView) -> Line:
        return _plain(book)

    def account(self, view: AccountView, sums: Sums) -> Line:
        answer: dict[str, Any] = dict(shown(view))
        answer["book_id"] = view.account.book_id
        answer["balances"] = _balances(sums)
        return answer

    def transaction(self, listed: Listed, declared: Declared) -> Line:
        answer: dict[str, Any] = dict(transaction_answer(listed.transaction, declared))
        del answer["history"]
        answer["book_id"] = listed.transaction.book_id
        return answer | {"created_at": listed.created_at, "updated_at": listed.updated_at}

    def fact(self, recorded: Recorded) -> Line:
        return {
            "position": recorded.position,
            "recorded_at": recorded.recorded_at,
            "topic": recorded.topic,
            "entity_id": recorded.stream_id,
            "version": recorded.version,
            "book_id": recorded.book_id,
            "actor_id": recorded.actor_id,
            "command": recorded.command,
            "command_id": recorded.command_id,
            "data": data(recorded.fact),
        }

    def deed(self, recorded: Recorded) -> Line:
        return {name: said for name, said in self.fact(recorded).items() if name != "data"}


class Anonymous:
    """Amounts, dates and kinds; no words, no instants, and for each id another one, which is the same throughout this
    export and can be told from no other: the key that makes them is thrown away.

    Every field is written down here by name. One that is added to the product is not in it until somebody decides
    that it says nothing about anybody.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)

    def pseudonym(self, real: UUID | None) -> UUID | None:
        """Another id for `real`."""
        return derived_id(hmac.digest(self._key, real.bytes, "sha256")) if real is not None else None

    def book(self, book: BookView) -> Line:
        return {
            "id": self.pseudonym(book.book_id),
            "currency": book.currency,
            "opened_on": book.opened_at.date(),
        }

    def account(self, view: AccountView, sums: Sums) -> Line:
        row = view.account
        return {
            "id": self.pseudonym(row.account_id),
            "book_id": self.pseudonym(row.book_id),
            "parent_id": self.pseudonym(row.parent_id),
            "kind": row.kind,
            "currency": row.currency,
            "state": row.state,
            "opened_on": row.opened_at.date(),
            "balances": _balances(sums),
        }

    def transaction(self, listed: Listed, declared: Declared) -> Line:
        transaction, terms = listed.transaction, listed.transaction.terms
        return {
            "id": self.pseudonym(transaction.transaction_id),
            "book_id": self.pseudonym(transaction.book_id),
            "date": terms.date,
            "state": terms.state,
            "type": terms.type,
            "postings": [
                {
                    "account_id": self.pseudonym(p.account_id),
                    "amount": format(p.amount, "f"),
                    "currency": p.currency,
                }
                for p in terms.postings
            ],
        }

    def fact(self, recorded: Recorded) -> Line:
        return {
            "recorded_on": recorded.recorded_at.date(),
            "topic": recorded.topic,
            "entity_id": self.pseudonym(recorded.stream_id),
            "version": recorded.version,
            "book_id": self.pseudonym(recorded.book_id),
            "actor_id": self.pseudonym(recorded.actor_id),
        }

    def deed(self, recorded: Recorded) -> Line:
        return {
            "recorded_on": recorded.recorded_at.date(),
            "actor_id": self.pseudonym(recorded.actor_id),
            "command": recorded.command,
            "topic": recorded.topic,
            "entity_id": self.pseudonym(recorded.stream_id),
        }


def _balances(sums: Sums) -> Sequence[Line]:
    return [{"currency": currency, "posted": format(net, "f")} for currency, net in sums]


def _plain(value: Any) -> Line:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
