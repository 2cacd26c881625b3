"""What an API key may be allowed to do: the words that keys are made with and that operations ask for."""

from __future__ import annotations

from typing import Literal, get_args

Scope = Literal[
    "profile:read",
    "books:read",
    "books:write",
    "accounts:read",
    "accounts:write",
    "transactions:read",
    "transactions:write",
    "reports:read",
    "audit:read",
    "transfers:read",
    "transfers:write",
]

SCOPES: tuple[Scope, ...] = get_args(Scope)
