"""What requests about transactions say: the friendly form, the full form, and what is done with one later."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.fields import Amount, Body, CivilDate, Currency, Id, Instant, Line, Metadata, Notes
from api.transaction_schema import two_forms
from ledger.postings import MAX_POSTINGS

MAX_ITEMS = 5_000
MAX_TAGS = 50

Tag = Annotated[Line, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


class PostingBody(Body):
    """One leg. A positive amount is a debit, a negative one a credit."""

    account_id: Id
    amount: Amount
    currency: Currency
    memo: Line | None = None


class SplitBody(Body):
    """A part of an expense or income on a category of its own. Negative for what lessens the rest, such as a
    coupon; the parts sum to the amount."""

    category_id: Id
    amount: Amount
    memo: Line | None = None


# The first wrong member ends the reading of a list: a body of millions of them must not make as many errors.
Postings = Annotated[list[PostingBody], Field(max_length=MAX_POSTINGS, fail_fast=True)]
Splits = Annotated[list[SplitBody], Field(min_length=1, max_length=MAX_POSTINGS - 1, fail_fast=True)]


class TransactionBody(Body):
    """A transaction, in the full form (`postings`) or the friendly one (`type` and what belongs to it).

    In the friendly form amounts are more than zero. expense: `account_id` is credited and the category
    debited; income: the reverse; transfer: `account_id` is credited and `to_account_id` debited, with
    `to_amount` and `to_currency` where another currency arrives. `refund` turns an expense or income round.
    """

    model_config = ConfigDict(json_schema_extra=two_forms)

    date: CivilDate
    postings: Postings | None = None
    type: Literal["expense", "income", "transfer"] | None = None
    amount: Amount | None = None
    currency: Currency | None = None
    account_id: Id | None = None
    category_id: Id | None = None
    splits: Splits | None = None
    refund: bool = False
    to_account_id: Id | None = None
    to_amount: Amount | None = None
    to_currency: Currency | None = None
    payee: Line | None = None
    notes: Notes | None = None
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS, fail_fast=True)] | None = None
    metadata: Metadata | None = None
    state: Annotated[
        Literal["pending", "posted"] | None,
        Field(
            description="`pending` holds the money; it is posted, voided or expires later. Default: posted. "
            "An amendment leaves it as it is."
        ),
    ] = None
    expires_at: Annotated[
        Instant | None, Field(description="When a pending transaction lapses by itself.")
    ] = None


class BulkBody(Body):
    """Up to 5,000 transactions, each in either form. `atomic`: all of them, or none."""

    items: Annotated[list[TransactionBody], Field(min_length=1, max_length=MAX_ITEMS, fail_fast=True)]
    atomic: bool = False


class SettleBody(Body):
    """How much of a hold is posted: all of it, `amount` of it (each leg in proportion), or these `postings`
    (no leg beyond what was held). What is not posted is released."""

    amount: Amount | None = None
    postings: Postings | None = None
    date: Annotated[CivilDate | None, Field(description="The posting date; else the hold's own.")] = None


class VoidBody(Body):
    """Why."""

    reason: Line | None = None


class ClearBody(Body):
    """The leg that was seen on a statement, or (false) was not after all."""

    account_id: Id
    cleared: bool = True
