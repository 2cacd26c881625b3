"""Checks a whole exported record against a signed checkpoint with no database, no network and no trust.

An export is JSON lines: a header {"numina": "export/1", "origin", "verifier_key", "facts"}, then one line a
fact in order of position, in the form of `ledger.leaf.to_json`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec
import orjson

import ledger.facts  # noqa: F401  # registers every topic, so that any record can be read
from ledger.leaf import Leaf, MalformedLeaf, from_json, leaf
from ledger.postings import sums
from ledger.record import UnknownTopic, decode
from ledger.transactions.effects import transition
from ledger.transactions.events import Terms
from numina.findings import Report
from projections.checkpoint import Checkpoint, CheckpointError, Verifier
from projections.frontier import Frontier
from projections.merkle import leaf_hash

FORMAT = "export/1"
_CHUNK = 4096
_LONGEST_LINE = 64 * 1024 * 1024
_UNREADABLE = (msgspec.MsgspecError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError)

Progress = Callable[[int, int | None], None]
"""Told how many facts are done, and of how many where that is known."""


def verify_export(
    export: Path, checkpoint: Path | str, verifier_key: str | None = None, progress: Progress | None = None
) -> Report:
    """Checks the signature, that the export's facts have the signed root, and the record's laws on the way.

    The laws: positions without gaps from 1, streams without gaps in their versions, time that never runs
    back, transactions that sum to zero in every currency. `checkpoint` is a note or the path of one.
    `verifier_key` is the key that the auditor got by another way; without it, the one in the export is used
    and the report says so. Whatever is wrong inside the files is a finding; raises OSError when they cannot
    be read at all.
    """
    report = Report()
    note = checkpoint.read_bytes().decode(errors="replace") if isinstance(checkpoint, Path) else checkpoint
    with export.open("rb") as file:
        lines = _lines(file, report)
        header = _header(next(lines, b""), report)
        signed = check_signature(report, note, verifier_key, header.get("verifier_key"))
        if signed and header and header.get("origin") != signed.origin:
            report.add("wrong_origin", f"the export is of {header.get('origin')!r}, not of {signed.origin}")
        promised = header.get("facts")
        total = promised if isinstance(promised, int) else None
        facts = _Facts(report, signed)
        for count, line in enumerate(lines, 1):
            facts.read(line)
            if progress and count % _CHUNK == 0:
                progress(count, total)
    facts.finish(total)
    if progress:
        progress(facts.count, total)
    return report


def check_signature(report: Report, note: str, trusted: str | None, offered: object) -> Checkpoint | None:
    """The checkpoint in `note` if its signature holds; otherwise None, and the report says why.

    `trusted` is the auditor's own copy of the verifier key, `offered` the one that came with the evidence,
    which convinces only somebody who compares it.
    """
    try:
        if trusted is None:
            verifier = Verifier.from_text(str(offered))
            report.notes.append(
                f"the key came with the evidence; compare it with the published one: {verifier}"
            )
        else:
            verifier = Verifier.from_text(trusted)
        signed = verifier.verify(note)
    except CheckpointError as error:
        report.add("untrusted_checkpoint", str(error))
        return None
    report.proven.append(
        f"{signed.origin} signed a record of {signed.size} facts with root {signed.root.hex()}"
    )
    return signed


class _Facts:
    """Reads facts in order and holds them against the laws and the signed root."""

    def __init__(self, report: Report, signed: Checkpoint | None) -> None:
        self.count = 0
        self._report = report
        self._signed = signed
        self._frontier = Frontier()
        self._hashes: list[bytes] = []
        self._versions: dict[bytes, int] = {}
        self._latest: Leaf | None = None
        self._unknown = 0
        self._unbalanced = 0
        self._checked = 0
        if signed and signed.size == 0:
            self._compare(signed)

    def read(self, line: bytes) -> None:
        self.count += 1
        try:
            document = orjson.loads(line)
            if not isinstance(document, dict):
                raise MalformedLeaf("a line must be a JSON object")
            fact = from_json(document)
        except ValueError as error:
            self._report.add("malformed_line", str(error), self.count)
            # A hash that no fact has, so that those after it keep their place and the root is judged too.
            self._append(leaf_hash(line))
            return
        self._order(fact)
        self._balance(fact)
        self._append(leaf_hash(leaf(*fact)))

    def finish(self, promised: int | None) -> None:
        """`promised` is the number of facts that the header announced."""
        report = self._report
        if promised is not None and promised != self.count:
            report.add("truncated", f"the header announces {promised} facts, the file holds {self.count}")
        if self._signed and self.count < self._signed.size:
            report.add("too_short", f"{self._signed.size} facts were signed, the file holds {self.count}")
        if self._signed and self.count > self._signed.size:
            beyond = self.count - self._signed.size
            report.notes.append(
                f"the last {beyond} facts are newer than the checkpoint, which says nothing of them"
            )
        if self._unknown:
            report.notes.append(
                f"{self._unknown} facts are of topics newer than this release: sealed, not read"
            )
        if report.ok:
            report.proven.append(f"{self.count} positions and {len(self._versions)} streams have no gaps")
            report.proven.append(f"{self._checked} sets of postings sum to zero in every currency")

    def _append(self, digest: bytes) -> None:
        self._hashes.append(digest)
        at_checkpoint = self._signed is not None and self.count == self._signed.size
        if at_checkpoint or len(self._hashes) == _CHUNK:
            self._frontier.append(self._hashes)
            self._hashes.clear()
        if at_checkpoint and self._signed:
            self._compare(self._signed)

    def _compare(self, signed: Checkpoint) -> None:
        root = self._frontier.root()
        if root == signed.root:
            self._report.proven.append(f"the first {signed.size} facts of the export are the ones signed")
        else:
            self._report.add(
                "wrong_root",
                f"the first {signed.size} facts have root {root.hex()}: they are not the ones signed",
            )

    def _order(self, fact: Leaf) -> None:
        if fact.position != self.count:
            self._report.add("position_gap", f"position {self.count} was due here", fact.position)
        stream = fact.stream_id.bytes
        due = self._versions.get(stream, 0) + 1
        if fact.version != due:
            self._report.add(
                "version_gap",
                f"stream {fact.stream_id} has version {fact.version}, {due} was due",
                fact.position,
            )
        self._versions[stream] = fact.version
        if self._latest and fact.recorded_at < self._latest.recorded_at:
            self._report.add("time_reversed", "recorded before the fact ahead of it", fact.position)
        self._latest = fact

    def _balance(self, fact: Leaf) -> None:
        try:
            before, after = transition(decode(fact.topic, fact.state))
        except UnknownTopic:
            self._unknown += 1
            return
        except _UNREADABLE as error:
            self._report.add("unreadable_fact", f"{fact.topic}: {error}", fact.position)
            return
        for terms in (before, after):
            if terms is not None:
                self._checked += 1
                self._sum(terms, fact.position)

    def _sum(self, terms: Terms, position: int) -> None:
        if not all(posting.amount.is_finite() for posting in terms.postings):
            self._report.add("unbalanced", "an amount is not a number", position)
            return
        left = {currency: str(amount) for currency, amount in sums(terms.postings).items() if amount}
        if left or len(terms.postings) < 2:
            self._report.add("unbalanced", f"the postings leave {left or 'nothing to balance'}", position)


def _lines(file: IO[bytes], report: Report) -> Iterator[bytes]:
    while line := file.readline(_LONGEST_LINE):
        if not line.endswith(b"\n") and len(line) == _LONGEST_LINE:
            report.add("malformed_line", "a line is longer than 64 MiB; the rest was not read")
            return
        yield line


def _header(line: bytes, report: Report) -> dict[str, object]:
    try:
        header = orjson.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or header.get("numina") != FORMAT:
        report.add("malformed_header", f'the first line must be a header with "numina": "{FORMAT}"')
        return {}
    return header
