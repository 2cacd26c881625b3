"""The generated documents: written, noticed when stale, and complete."""

import json
from pathlib import Path

from api.catalogue import every
from ledger.record import topics
from numina.documents import documents, stale, write


def test_documents_are_written_and_noticed_when_stale(tmp_path: Path) -> None:
    written = write(tmp_path)
    assert "openapi.json" in written
    assert stale(tmp_path) == []
    (tmp_path / "problems.md").write_text("old")
    (tmp_path / "facts" / "nothing.happened.json").write_text("{}")
    assert write(tmp_path, check=True) == ["facts/nothing.happened.json", "problems.md"]
    assert write(tmp_path) == ["facts/nothing.happened.json", "problems.md"]
    assert stale(tmp_path) == []


def test_every_fact_has_a_schema_and_every_refusal_its_line() -> None:
    made = documents()
    for topic in topics():
        schema = json.loads(made[f"facts/{topic}.json"])
        assert schema["$id"] == topic
        assert schema["properties"]["text"]
    for refusal in every():
        assert f"`{refusal.code}`" in made["problems.md"]


def test_every_reference_of_the_document_leads_somewhere() -> None:
    text = documents()["openapi.json"]
    document = json.loads(text)
    for part in text.split('"$ref": "#/')[1:]:
        node = document
        for step in part.split('"', 1)[0].split("/"):
            node = node[step]
