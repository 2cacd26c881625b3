"""Checks single proofs with no database: that a fact is in the record, and that the record only ever grew."""

from collections.abc import Mapping
from pathlib import Path

import orjson

from ledger.leaf import MalformedLeaf, from_json, leaf
from numina.findings import Report
from numina.offline import check_signature
from numina.trouble import Trouble
from projections import merkle

INCLUSION = "inclusion/1"
GROWTH = "consistency/1"


class MalformedProof(Trouble):
    """The document is no proof in the form that Numina answers."""


def verify_file(proof: Path, verifier_key: str, kept: Path | None = None) -> Report:
    """Checks a saved proof of either kind; that of growth needs the note `kept` from earlier.

    Raises MalformedProof, and OSError when a file cannot be read.
    """
    try:
        document = orjson.loads(proof.read_bytes())
    except ValueError as error:
        raise MalformedProof(f"{proof} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedProof(f"{proof} is not a JSON object")
    if document.get("numina") != GROWTH:
        return verify_inclusion(document, verifier_key)
    if kept is None:
        raise MalformedProof(f"{proof} proves growth since an earlier checkpoint: give that one too")
    return verify_growth(kept.read_bytes().decode(errors="replace"), document, verifier_key)


def verify_inclusion(document: Mapping[str, object], verifier_key: str) -> Report:
    """Checks an answer of GET /v1/audit/proofs/{position}: that the fact in `leaf`, to the last byte, is in
    the record that the checkpoint signs. `verifier_key` is the auditor's own copy of the log's key.

    Raises MalformedProof when the document is not such an answer; all else is a finding.
    """
    _expect(document, INCLUSION)
    stated = document.get("leaf")
    try:
        fact = from_json(stated if isinstance(stated, Mapping) else {})
    except MalformedLeaf as error:
        raise MalformedProof(f"leaf: {error}") from error
    path = _path(document)
    note = _text(document, "checkpoint")
    report = Report()
    digest = merkle.leaf_hash(leaf(*fact))
    for field, actual in (
        ("position", fact.position),
        ("index", fact.position - 1),
        ("leaf_hash", digest.hex()),
    ):
        if document.get(field) != actual:
            report.add("contradiction", f"{field} is {document.get(field)!r}, but the leaf says {actual!r}")
    signed = check_signature(report, note, verifier_key, None)
    if signed is None:
        return report
    if document.get("size") != signed.size:
        report.add("contradiction", f"size is {document.get('size')!r}, but {signed.size} facts were signed")
    if merkle.verify_inclusion(digest, fact.position - 1, signed.size, path, signed.root):
        report.proven.append(f"the fact at position {fact.position} ({fact.topic}) is among them, unchanged")
    else:
        report.add("not_included", "the path does not lead from this fact to the signed root", fact.position)
    return report


def verify_growth(kept: str, document: Mapping[str, object], verifier_key: str) -> Report:
    """Checks that the record behind a checkpoint kept from earlier is the beginning of the record today.

    `kept` is the old note; `document` the answer of GET /v1/audit/checkpoint?since=SIZE, with SIZE that of
    the old note. Raises MalformedProof when the document is not such an answer; all else is a finding.
    """
    _expect(document, GROWTH)
    path = _path(document)
    note = _text(document, "checkpoint")
    report = Report()
    old = check_signature(report, kept, verifier_key, None)
    new = check_signature(report, note, verifier_key, None)
    if old is None or new is None:
        return report
    if merkle.verify_consistency(old.size, new.size, path, old.root, new.root):
        report.proven.append(f"the {old.size} facts signed earlier are the first of these, unchanged")
    else:
        report.add(
            "not_consistent", "the proof does not show that the later record continues the earlier one"
        )
    return report


def _expect(document: Mapping[str, object], kind: str) -> None:
    if document.get("numina") != kind:
        raise MalformedProof(f'numina must be "{kind}", not {document.get("numina")!r}')


def _text(document: Mapping[str, object], field: str) -> str:
    value = document.get(field)
    if not isinstance(value, str):
        raise MalformedProof(f"{field} must be a string")
    return value


def _path(document: Mapping[str, object]) -> list[bytes]:
    value = document.get("path")
    if not isinstance(value, list) or not all(isinstance(node, str) for node in value):
        raise MalformedProof("path must be a list of strings")
    try:
        path = [bytes.fromhex(node) for node in value]
    except ValueError as error:
        raise MalformedProof("path must be in hex") from error
    if any(len(node) != merkle.HASH for node in path):
        raise MalformedProof("every hash of the path must have 32 bytes")
    return path
