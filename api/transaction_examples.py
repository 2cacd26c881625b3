"""Examples of transactions in the document: requests in both forms, answers, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.describe import REFERENCE

CHECKING = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c01"
SAVINGS = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c02"
EUROS = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c03"
GROCERIES = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c04"
HOUSEHOLD = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c05"
SALARY = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c06"
_ID = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c10"
_COMMAND = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c11"
_PERSON = "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d"

Example = dict[str, Any]

_PURCHASE = {"date": "2026-03-01", "payee": "Corner Market", "amount": "42.10", "currency": "USD"}

FORMS: Mapping[str, Example] = {
    "expense": {
        **_PURCHASE,
        "type": "expense",
        "account_id": CHECKING,
        "category_id": GROCERIES,
        "tags": ["food"],
    },
    "the same expense in the full form": {
        "date": "2026-03-01",
        "payee": "Corner Market",
        "tags": ["food"],
        "postings": [
            {"account_id": CHECKING, "amount": "-42.10", "currency": "USD"},
            {"account_id": GROCERIES, "amount": "42.10", "currency": "USD"},
        ],
    },
    "expense over several categories": {
        **_PURCHASE,
        "type": "expense",
        "account_id": CHECKING,
        "splits": [
            {"category_id": GROCERIES, "amount": "35.00", "memo": "Vegetables"},
            {"category_id": HOUSEHOLD, "amount": "7.10"},
        ],
    },
    "refund": {
        **_PURCHASE,
        "type": "expense",
        "refund": True,
        "account_id": CHECKING,
        "category_id": GROCERIES,
    },
    "income": {
        "date": "2026-03-25",
        "payee": "Employer",
        "type": "income",
        "amount": "2500.00",
        "currency": "USD",
        "account_id": CHECKING,
        "category_id": SALARY,
    },
    "transfer": {
        "date": "2026-03-26",
        "type": "transfer",
        "amount": "300.00",
        "currency": "USD",
        "account_id": CHECKING,
        "to_account_id": SAVINGS,
    },
    "transfer into another currency": {
        "date": "2026-03-26",
        "type": "transfer",
        "amount": "100.00",
        "currency": "USD",
        "account_id": CHECKING,
        "to_account_id": EUROS,
        "to_amount": "91.37",
        "to_currency": "EUR",
    },
    "pending expense": {
        **_PURCHASE,
        "type": "expense",
        "account_id": CHECKING,
        "category_id": GROCERIES,
        "state": "pending",
        "expires_at": "2026-03-08T00:00:00Z",
    },
}

PARTS: Mapping[str, Example] = {
    "all of it": {},
    "a part of it": {"amount": "40.00", "date": "2026-03-03"},
    "these legs": {
        "postings": [
            {"account_id": CHECKING, "amount": "-40.00", "currency": "USD"},
            {"account_id": GROCERIES, "amount": "40.00", "currency": "USD"},
        ]
    },
}


def _leg(account_id: str, amount: str, *, cleared: bool = False) -> Example:
    return {"account_id": account_id, "amount": amount, "currency": "USD", "cleared": cleared}


def _balance(account_id: str, amount: str) -> Example:
    money = {"amount": amount, "currency": "USD"}
    nothing = {"amount": "0.00", "currency": "USD"}
    return {
        "account_id": account_id,
        "currency": "USD",
        "posted": money,
        "pending": nothing,
        "available": money,
    }


_TERMS: Example = {
    "state": "posted",
    "type": "expense",
    "date": "2026-03-01",
    "expires_at": None,
    "expired": False,
    "payee": "Corner Market",
    "notes": None,
    "tags": ["food"],
    "metadata": {},
    "postings": [_leg(CHECKING, "-42.10"), _leg(GROCERIES, "42.10")],
}
STORED: Example = {"id": _ID, **_TERMS, "version": 1, "history": f"/v1/transactions/{_ID}/history"}
LISTED: Example = {
    "items": [
        {**STORED, "created_at": "2026-03-01T18:03:11.204518Z", "updated_at": "2026-03-01T18:03:11.204518Z"}
    ],
    "next_cursor": None,
    "known_at": None,
}
COMMANDED: Example = {
    **STORED,
    "balances": [_balance(CHECKING, "957.90"), _balance(GROCERIES, "42.10")],
    "warnings": [],
    "command_id": _COMMAND,
    "position": 1042,
}
VOIDED: Example = {
    **COMMANDED,
    "state": "voided",
    "version": 2,
    "balances": [_balance(CHECKING, "1000.00"), _balance(GROCERIES, "0.00")],
    "position": 1043,
}
SETTLED: Example = {
    **COMMANDED,
    "version": 2,
    "date": "2026-03-03",
    "postings": [_leg(CHECKING, "-40.00"), _leg(GROCERIES, "40.00")],
    "balances": [_balance(CHECKING, "960.00"), _balance(GROCERIES, "40.00")],
    "position": 1043,
}
CLEARED: Example = {
    **COMMANDED,
    "version": 2,
    "postings": [_leg(CHECKING, "-42.10", cleared=True), _leg(GROCERIES, "42.10")],
    "balances": [],
    "position": 1043,
}
HISTORY: Example = {
    "id": _ID,
    "items": [
        {
            "version": 1,
            "position": 1042,
            "recorded_at": "2026-03-01T18:03:11.204518Z",
            "what": "transaction.posted",
            "actor": {"id": _PERSON, "name": "Ada"},
            "command_id": _COMMAND,
            "command": "transaction.post",
            "before": None,
            "after": _TERMS,
        }
    ],
}

BULK: Example = {"items": [FORMS["expense"], FORMS["income"]], "atomic": False}
BULK_ANSWER: Example = {
    "results": [
        {"status": 201, "id": _ID, "version": 1, "command_id": _COMMAND},
        {
            "status": 404,
            "problem": {
                "type": "/problems#unknown_account",
                "title": "There is no such account or category in this book",
                "status": 404,
                "detail": f"There is no account {SALARY} in this book.",
                "code": "unknown_account",
                "retryable": False,
                "field": "category_id",
            },
        },
    ]
}

_MEDIA = "application/problem+json"
# The facts of each refusal are what the decision was based on; see /problems for every code.
PROBLEMS: Mapping[int, Mapping[str, Example]] = {
    404: {
        "unknown account": {
            "type": "/problems#unknown_account",
            "title": "There is no such account or category in this book",
            "status": 404,
            "detail": f"There is no account {SAVINGS} in this book.",
            "code": "unknown_account",
            "retryable": False,
            "field": "postings.1.account_id",
        }
    },
    409: {
        "below the floor": {
            "type": "/problems#floor_breached",
            "title": "The account would fall below its floor",
            "status": 409,
            "detail": "On 2026-03-14 this takes 50.00 USD and 31.20 is available above the floor of 0.00. "
            "Lower the amount, add money by then, or change the floor.",
            "code": "floor_breached",
            "retryable": False,
            "account_id": CHECKING,
            "date": "2026-03-14",
            "needed": "50.00",
            "available": "31.20",
            "floor": "0.00",
            "currency": "USD",
        }
    },
    422: {
        "unbalanced": {
            "type": "/problems#unbalanced",
            "title": "The postings of a transaction must sum to zero in every currency",
            "status": 422,
            "detail": "The postings leave 0.50 USD over. Debits are positive, credits negative, and each "
            "currency must sum to zero.",
            "code": "unbalanced",
            "retryable": False,
            "field": "postings",
            "left_over": {"USD": "0.50"},
        },
        "splits that do not add up": {
            "type": "/problems#splits_uneven",
            "title": "The splits of a transaction must sum to its amount",
            "status": 422,
            "detail": "The splits sum to 42.00 USD and the amount is 42.10: 0.10 is left over.",
            "code": "splits_uneven",
            "retryable": False,
            "field": "splits",
            "amount": "42.10",
            "splits": "42.00",
            "difference": "0.10",
            "currency": "USD",
        },
        "a field that does not exist": {
            "type": "/problems#invalid_request",
            "title": "The request does not have the shape that this operation expects",
            "status": 422,
            "detail": "payeee: There is no such field here.",
            "code": "invalid_request",
            "retryable": False,
            "field": "payeee",
            "errors": [{"field": "payeee", "message": "There is no such field here."}],
            "error_count": 1,
        },
    },
}


def explained(described: dict[str, Any], *, dry_run: type | None = None) -> dict[str, Any]:
    """An operation (as `api.describe.operation` gave it) with examples of its refusals, and with the 200 that
    a dry run has where it makes something."""
    responses = described["openapi_extra"]["responses"]
    for status, examples in PROBLEMS.items():
        if str(status) in responses:
            responses[str(status)] = {
                "description": "Refused; nothing was stored.",
                "content": {
                    _MEDIA: {
                        "schema": {"$ref": REFERENCE.format(model="Problem")},
                        "examples": {name: {"value": value} for name, value in examples.items()},
                    }
                },
            }
    if dry_run is not None:
        responses["200"] = {
            "description": "What `?dry_run=true` would have led to; nothing was stored.",
            "content": {"application/json": {"schema": {"$ref": REFERENCE.format(model=dry_run.__name__)}}},
        }
    return described
