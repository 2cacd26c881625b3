"""The documents that the program writes about itself: fact schemas, the problem catalogue, the OpenAPI document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

import ledger.facts  # noqa: F401  # registers every topic
from api.app import described
from api.catalogue import catalogue
from api.metrics import Metrics
from ledger.record import Fact, topics

DOCS = Path(__file__).parent.parent / "docs"


def documents() -> dict[str, str]:
    """Every generated file by its path below docs/, with what it is to hold."""
    app = described(Metrics())
    made = {
        "openapi.json": _json(app.openapi()),
        "problems.md": catalogue(),
    }
    for topic, fact in sorted(topics().items()):
        made[f"facts/{topic.replace('/', '.')}.json"] = _json(schema(fact))
    return made


def schema(fact: type[Fact]) -> dict[str, Any]:
    """The JSON schema (2020-12) of a fact as it is stored: fields left out have their defaults."""
    (plain,), components = msgspec.json.schema_components([fact], ref_template="#/$defs/{name}")
    name = plain["$ref"].rsplit("/", 1)[1]
    own = components.pop(name)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": fact.topic,
        "title": fact.topic,
        "sealed_for": fact.sealed_for,
        **{key: value for key, value in own.items() if key != "title"},
        **({"$defs": components} if components else {}),
    }


def write(docs: Path = DOCS, *, check: bool = False) -> list[str]:
    """Brings the files below `docs` up to date and returns their paths, removed ones included; `check` only
    tells which."""
    changed = stale(docs)
    if check:
        return changed
    made = documents()
    for path in changed:
        if path not in made:
            (docs / path).unlink()
            continue
        (docs / path).parent.mkdir(parents=True, exist_ok=True)
        (docs / path).write_text(made[path], "utf-8")
    return changed


def stale(docs: Path = DOCS) -> list[str]:
    """The paths of generated files that are missing, out of date, or about what no longer exists."""
    made = documents()
    there = {f"facts/{file.name}" for file in (docs / "facts").glob("*.json")}
    differ = [path for path, text in made.items() if _text(docs / path) != text]
    return sorted({*differ, *(there - made.keys())})


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _text(file: Path) -> str | None:
    return file.read_text("utf-8") if file.exists() else None
