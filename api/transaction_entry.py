"""A request body turned into what the commands on transactions take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import orjson
from typing_extensions import TypedDict

from api.transaction_bodies import PostingBody, TransactionBody
from ledger.money import InvalidAmount, read_amount
from ledger.postings import Posting
from ledger.refusals import InvalidValue
from ledger.transactions.events import Type
from ledger.transactions.forms import Friendly, IncompleteForm, MixedForm, Origin, Split, form

MAX_METADATA_BYTES = 8_192
_ONLY_FRIENDLY = (
    "type",
    "amount",
    "currency",
    "account_id",
    "category_id",
    "splits",
    "to_account_id",
    "to_amount",
    "to_currency",
)


class Entry(TypedDict):
    """`PostTransaction(**entry(body, book_id), ...)`, and AmendTransaction alike."""

    date: dt.date
    postings: Sequence[Posting]
    text: Mapping[str, str]
    type: Type | None
    expires_at: dt.datetime | None
    origins: Sequence[Origin]


def entry(body: TransactionBody, book_id: UUID) -> Entry:
    """What the body says, in either form. Raises InvalidAmount, MixedForm, IncompleteForm, InvalidValue and
    what `ledger.transactions.forms.form` raises."""
    expires_at = body.expires_at.astimezone(dt.UTC) if body.expires_at is not None else None
    if body.postings is None:
        friendly = _friendly(body)
        postings, origins = form(friendly, book_id)
        # The first posting is the account's; each split's follows in order.
        text = _text(body, enumerate((s.memo for s in body.splits), 1) if body.splits else ())
        return Entry(
            date=body.date,
            postings=postings,
            text=text,
            type=friendly.type,
            expires_at=expires_at,
            origins=origins,
        )
    _only_full(body)
    return Entry(
        date=body.date,
        postings=read_postings(body.postings),
        text=_text(body, enumerate(p.memo for p in body.postings)),
        type=None,
        expires_at=expires_at,
        origins=(),
    )


def read_postings(bodies: Sequence[PostingBody]) -> list[Posting]:
    """Postings with exact amounts. Raises InvalidAmount."""
    postings = []
    for index, body in enumerate(bodies):
        try:
            amount = read_amount(body.amount)
        except InvalidAmount as refusal:
            refusal.field = f"postings.{index}.amount"
            raise
        postings.append(Posting(body.account_id, amount, body.currency))
    return postings


def _only_full(body: TransactionBody) -> None:
    if body.model_fields_set.isdisjoint(_ONLY_FRIENDLY) and not body.refund:
        return
    given = [name for name in _ONLY_FRIENDLY if getattr(body, name) is not None]
    if given or body.refund:
        name = given[0] if given else "refund"
        raise MixedForm(
            f"`{name}` belongs to the friendly form and `postings` are the full one. Send one of the two.",
            field=name,
        )


def _friendly(body: TransactionBody) -> Friendly:
    if body.type is None and body.amount is None and body.account_id is None:
        raise IncompleteForm(
            "Send either `postings` (the full form), or `type`, `amount`, `currency` and `account_id` with a "
            "`category_id` or `to_account_id` (the friendly form).",
            field="postings",
        )
    if body.type is None or body.amount is None or body.currency is None or body.account_id is None:
        missing = next(n for n in ("type", "amount", "currency", "account_id") if getattr(body, n) is None)
        raise IncompleteForm(f"The friendly form needs `{missing}`.", field=missing)
    return Friendly(
        type=body.type,
        amount=read_amount(body.amount, field="amount"),
        currency=body.currency,
        account_id=body.account_id,
        category_id=body.category_id,
        splits=_splits(body),
        to_account_id=body.to_account_id,
        to_amount=read_amount(body.to_amount, field="to_amount") if body.to_amount is not None else None,
        to_currency=body.to_currency,
        refund=body.refund,
    )


def _splits(body: TransactionBody) -> list[Split] | None:
    if body.splits is None:
        return None
    return [
        Split(split.category_id, read_amount(split.amount, field=f"splits.{index}.amount"))
        for index, split in enumerate(body.splits)
    ]


def _text(body: TransactionBody, memos: Iterable[tuple[int, str | None]]) -> dict[str, str]:
    """The words, as facts keep them; empty ones are left out."""
    text = {}
    if body.payee:
        text["payee"] = body.payee
    if body.notes:
        text["notes"] = body.notes
    if body.tags:
        text["tags"] = "\n".join(dict.fromkeys(body.tags))
    for index, memo in memos:
        if memo:
            text[f"memo.{index}"] = memo
    if body.metadata:
        encoded = orjson.dumps(body.metadata)
        if len(encoded) > MAX_METADATA_BYTES:
            raise InvalidValue(
                f"Metadata takes {len(encoded)} bytes; at most {MAX_METADATA_BYTES} are kept.",
                field="metadata",
            )
        text["metadata"] = encoded.decode()
    return text
