"""How the document shows the one model of a transaction: as the shapes of which a body has exactly one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_EITHER = ("date", "payee", "notes", "tags", "metadata", "state", "expires_at")
_FRIENDLY = ("type", "amount", "currency", "account_id")
_CATEGORISED = ("category_id", "splits", "refund")
_TRANSFER = ("to_account_id", "to_amount", "to_currency")

Schema = dict[str, Any]


def two_forms(schema: Schema) -> None:
    """Exchanges the model's properties for `oneOf` the full form and the friendly one's two shapes."""
    properties: Schema = schema.pop("properties")
    for name in ("required", "type", "additionalProperties"):
        schema.pop(name, None)
    own = ("date", *_FRIENDLY)
    categorised = _shape("Expense or income", properties, own, (*_EITHER, *_CATEGORISED))
    categorised["properties"]["type"]["enum"] = ["expense", "income"]
    categorised["oneOf"] = [{"required": ["category_id"]}, {"required": ["splits"]}]
    transfer = _shape("Transfer", properties, (*own, "to_account_id"), (*_EITHER, *_TRANSFER))
    transfer["properties"]["type"]["enum"] = ["transfer"]
    full = _shape("Full form", properties, ("date", "postings"), _EITHER)
    schema["oneOf"] = [full, categorised, transfer]


def _shape(title: str, properties: Schema, required: Iterable[str], optional: Iterable[str]) -> Schema:
    needed = list(required)
    chosen = {name: _present(properties[name]) for name in needed}
    chosen |= {name: properties[name] for name in optional if name not in chosen}
    return {
        "title": title,
        "type": "object",
        "properties": chosen,
        "required": needed,
        "additionalProperties": False,
    }


def _present(described: Schema) -> Schema:
    """A property that must be there: neither null nor a default will do."""
    kept = {name: value for name, value in described.items() if name not in ("anyOf", "default")}
    options = [option for option in described.get("anyOf", ()) if option.get("type") != "null"]
    return {**options[0], **kept} if options else kept
