"""The friendly form of a transaction: an expense, an income or a transfer, turned into its postings."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple
from uuid import UUID

from ledger.accounts.account import conversion_account
from ledger.accounts.events import Kind
from ledger.money import EXACT, InvalidAmount, total
from ledger.postings import Posting
from ledger.refusals import Refusal


class IncompleteForm(Refusal):
    """The friendly form lacks a part that its type needs."""

    code = "incomplete_form"


class MixedForm(Refusal):
    """Parts that belong to different forms of a transaction cannot be mixed."""

    code = "mixed_form"


class SplitsUneven(Refusal):
    """The splits of a transaction must sum to its amount."""

    code = "splits_uneven"


class SameAccount(Refusal):
    """A transfer needs two different accounts."""

    code = "same_account"


class Split(NamedTuple):
    """A part of an expense or income on a category of its own; the parts sum to the whole."""

    category_id: UUID
    amount: Decimal


class Origin(NamedTuple):
    """Where in a form a posting came from, so that a refusal names what was sent; and the kinds of account
    that may stand there (none: any)."""

    kinds: tuple[Kind, ...]
    account: str = "account_id"
    amount: str = "amount"
    currency: str = "currency"


class Friendly(NamedTuple):
    """What was sent. All amounts are positive, whatever the signs of the postings; a split that lessens the
    rest (a coupon on a receipt) is negative.

    expense: `account_id` pays `category_id` or `splits`; income: the reverse; transfer: `account_id` pays
    `to_account_id`, which receives `to_amount` `to_currency` where that differs. `refund` turns an expense or
    income round: the money comes back, and the category's total falls.
    """

    type: Literal["expense", "income", "transfer"]
    amount: Decimal
    currency: str
    account_id: UUID
    category_id: UUID | None = None
    splits: Sequence[Split] | None = None
    to_account_id: UUID | None = None
    to_amount: Decimal | None = None
    to_currency: str | None = None
    refund: bool = False


class Formed(NamedTuple):
    """Balanced postings, each with its origin. The first is the account's; a split's is at its index + 1."""

    postings: tuple[Posting, ...]
    origins: tuple[Origin, ...]


_OWN: tuple[Kind, ...] = ("asset", "liability")
_ACCOUNT = Origin(_OWN)
_SIMPLE: dict[str, tuple[Origin, ...]] = {
    "expense": (_ACCOUNT, Origin(("expense",), "category_id")),
    "income": (_ACCOUNT, Origin(("income",), "category_id")),
}
_TO = Origin(_OWN, "to_account_id")
_TRANSFER = (_ACCOUNT, _TO)
_EXCHANGE = (
    _ACCOUNT,
    Origin(()),
    Origin((), "to_account_id", "to_amount", "to_currency"),
    _TO._replace(amount="to_amount", currency="to_currency"),
)


def form(friendly: Friendly, book_id: UUID) -> Formed:
    """The postings that the friendly form stands for.

    Raises IncompleteForm, MixedForm, InvalidAmount, SplitsUneven, SameAccount. Whether the accounts exist and
    are of the right kind is for the decision to say, by the origins.
    """
    if friendly.amount <= 0:
        raise InvalidAmount(
            "In the friendly form amounts are more than zero; the type says which way the money goes. For "
            "money that comes back, send `refund: true`.",
            field="amount",
        )
    if friendly.type == "transfer":
        return _transfer(friendly, book_id)
    return _categorised(friendly)


def _categorised(friendly: Friendly) -> Formed:
    if (
        friendly.to_account_id is not None
        or friendly.to_amount is not None
        or friendly.to_currency is not None
    ):
        raise _mixed(friendly, "to_account_id", "to_amount", "to_currency")
    incoming = (friendly.type == "income") != friendly.refund
    amount, currency = friendly.amount, friendly.currency
    own = Posting(friendly.account_id, amount if incoming else amount.copy_negate(), currency)
    if friendly.splits is not None:
        return _split(friendly, own, friendly.splits, incoming)
    if friendly.category_id is None:
        raise IncompleteForm(
            f"An {friendly.type} needs a `category_id`, or `splits` over several.", field="category_id"
        )
    other = Posting(friendly.category_id, amount.copy_negate() if incoming else amount, currency)
    return Formed((own, other), _SIMPLE[friendly.type])


def _split(friendly: Friendly, own: Posting, splits: Sequence[Split], incoming: bool) -> Formed:
    if friendly.category_id is not None:
        raise MixedForm("Send either `category_id` or `splits`, not both.", field="category_id")
    for index, split in enumerate(splits):
        if not split.amount:
            raise InvalidAmount("A split must not be zero.", field=f"splits.{index}.amount")
    whole = total([split.amount for split in splits])
    if whole != friendly.amount:
        difference = EXACT.subtract(friendly.amount, whole)
        raise SplitsUneven(
            f"The splits sum to {whole:f} {friendly.currency} and the amount is {friendly.amount:f}: "
            f"{difference:f} is left over.",
            field="splits",
            amount=format(friendly.amount, "f"),
            splits=format(whole, "f"),
            difference=format(difference, "f"),
            currency=friendly.currency,
        )
    kinds = _SIMPLE[friendly.type][1].kinds
    parts = [
        Posting(s.category_id, s.amount.copy_negate() if incoming else s.amount, friendly.currency)
        for s in splits
    ]
    origins = [Origin(kinds, f"splits.{i}.category_id", f"splits.{i}.amount") for i in range(len(splits))]
    return Formed((own, *parts), (_ACCOUNT, *origins))


def _transfer(friendly: Friendly, book_id: UUID) -> Formed:
    if friendly.category_id is not None or friendly.splits is not None:
        raise _mixed(friendly, "category_id", "splits")
    if friendly.refund:
        raise MixedForm("A transfer is turned round by exchanging its accounts.", field="refund")
    target = friendly.to_account_id
    if target is None:
        raise IncompleteForm("A transfer needs a `to_account_id`.", field="to_account_id")
    if target == friendly.account_id:
        raise SameAccount("Money is already on the account that it would go to.", field="to_account_id")
    amount, currency = friendly.amount, friendly.currency
    own = Posting(friendly.account_id, amount.copy_negate(), currency)
    if friendly.to_amount is None and friendly.to_currency is None:
        return Formed((own, Posting(target, amount, currency)), _TRANSFER)
    to_amount, to_currency = _received(friendly)
    if to_currency == currency:
        return Formed((own, Posting(target, amount, currency)), _TRANSFER)
    conversion = conversion_account(book_id)
    postings = (
        own,
        Posting(conversion, amount, currency),
        Posting(conversion, to_amount.copy_negate(), to_currency),
        Posting(target, to_amount, to_currency),
    )
    return Formed(postings, _EXCHANGE)


def _received(friendly: Friendly) -> tuple[Decimal, str]:
    """What arrives in another currency; in the same one it must be what was sent."""
    if friendly.to_amount is None:
        raise IncompleteForm(
            "A transfer into another currency says how much arrives: there is no rate that would be exact.",
            field="to_amount",
        )
    if friendly.to_currency is None:
        raise IncompleteForm("`to_amount` needs a `to_currency`.", field="to_currency")
    if friendly.to_amount <= 0:
        raise InvalidAmount("What arrives must be more than zero.", field="to_amount")
    if friendly.to_currency == friendly.currency and friendly.to_amount != friendly.amount:
        raise InvalidAmount(
            "In one currency what arrives is what was sent. Record a fee as an expense of its own.",
            field="to_amount",
            amount=format(friendly.amount, "f"),
            to_amount=format(friendly.to_amount, "f"),
        )
    return friendly.to_amount, friendly.to_currency


def _mixed(friendly: Friendly, *fields: str) -> MixedForm:
    """Names the first of `fields` that is there and should not be."""
    given = next(field for field in fields if getattr(friendly, field) is not None)
    return MixedForm(f"`{given}` does not belong to the type `{friendly.type}`.", field=given)
