"""Examples of reports for the OpenAPI document: one household's first quarter."""

from __future__ import annotations

from typing import Any

_FOOD = "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b82"
_SALARY = "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b83"
_CHECKING = "019a9d3e-8b20-7d11-9a01-5c2f4e6a7b80"

_QUARTER = [
    {"start": "2026-01-01", "first": "2026-01-01", "last": "2026-01-31"},
    {"start": "2026-02-01", "first": "2026-02-01", "last": "2026-02-28"},
]


def _eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def _line(account_id: str, name: str, amounts: list[str], total: str) -> dict[str, Any]:
    own = {"account_id": account_id, "name": name, "own": amounts, "amounts": amounts}
    return own | {"total": _eur(total), "lines": []}


def _section(line: dict[str, Any]) -> dict[str, Any]:
    return {"lines": [line], "amounts": line["amounts"], "total": line["total"]}


_EMPTY = {"lines": [], "amounts": ["0.00"], "total": _eur("0.00")}

INCOME_STATEMENT: dict[str, Any] = {
    "by": "month",
    "periods": _QUARTER,
    "currencies": [
        {
            "currency": "EUR",
            "income": _section(_line(_SALARY, "Salary", ["3000.00", "3000.00"], "6000.00")),
            "expense": _section(_line(_FOOD, "Food", ["412.50", "388.10"], "800.60")),
            "net": ["2587.50", "2611.90"],
            "total": _eur("5199.40"),
        }
    ],
    "known_at": None,
}
MONTH: dict[str, Any] = {
    "first": "2026-01-01",
    "last": "2026-01-31",
    "count": 24,
    "currencies": [
        {
            "currency": "EUR",
            "income": _eur("3000.00"),
            "expense": _eur("412.50"),
            "net": _eur("2587.50"),
            "savings_rate": "0.8625",
            "income_categories": [_line(_SALARY, "Salary", ["3000.00"], "3000.00")],
            "expense_categories": [_line(_FOOD, "Food", ["412.50"], "412.50")],
            "largest": [
                {
                    "transaction_id": "019a9d3e-9c30-7e21-8b11-1f2e3d4c5b6a",
                    "date": "2026-01-17",
                    "payee": "Market",
                    "amount": _eur("88.20"),
                    "category_ids": [_FOOD],
                }
            ],
        }
    ],
    "known_at": None,
}
BALANCE_SHEET: dict[str, Any] = {
    "as_of": "2026-01-31",
    "currencies": [
        {
            "currency": "EUR",
            "assets": _section(_line(_CHECKING, "Checking", ["2587.50"], "2587.50")),
            "liabilities": _EMPTY,
            "equity": _EMPTY,
            "retained": _eur("2587.50"),
            "equity_total": _eur("2587.50"),
            "difference": _eur("0.00"),
        }
    ],
    "known_at": None,
}
NET_WORTH: dict[str, Any] = {
    "interval": "month",
    "dates": ["2026-01-31", "2026-02-28"],
    "currencies": [
        {
            "currency": "EUR",
            "assets": ["2587.50", "5199.40"],
            "liabilities": ["0.00", "0.00"],
            "net": ["2587.50", "5199.40"],
        }
    ],
    "known_at": None,
}
CASH_FLOW: dict[str, Any] = {
    "by": "month",
    "periods": _QUARTER,
    "accounts": [_CHECKING],
    "currencies": [
        {
            "currency": "EUR",
            "opening": ["0.00", "2587.50"],
            "inflow": ["3000.00", "3000.00"],
            "outflow": ["412.50", "388.10"],
            "net": ["2587.50", "2611.90"],
            "closing": ["2587.50", "5199.40"],
            "counterparts": [
                {
                    "account_id": _SALARY,
                    "name": "Salary",
                    "kind": "income",
                    "inflow": ["3000.00", "3000.00"],
                    "outflow": ["0.00", "0.00"],
                    "total": _eur("6000.00"),
                }
            ],
        }
    ],
    "known_at": None,
}
SPENDING: dict[str, Any] = {
    "by": "month",
    "periods": _QUARTER,
    "currencies": [
        {
            "currency": "EUR",
            "members": [
                {
                    "user_id": "019a9d3e-7a10-7c55-8f6e-0d6a3b1f2c4d",
                    "name": "Ada",
                    "expense": _section(_line(_FOOD, "Food", ["412.50", "388.10"], "800.60")),
                    "total": _eur("800.60"),
                }
            ],
            "total": _eur("800.60"),
        }
    ],
    "known_at": None,
}
