"""Offline checks: an honest export convinces, and every way of tampering with it is found and named."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from ledger.command import Draft
from ledger.leaf import Leaf, leaf, to_json
from ledger.log import read_window
from ledger.postings import Posting
from ledger.record import encode
from ledger.transactions.events import Terms, TransactionPosted, TransactionVoided
from numina.export_record import export_record
from numina.offline import verify_export
from numina.proofs import MalformedProof, verify_file, verify_growth, verify_inclusion
from projections import seal
from projections.checkpoint import Signer
from projections.frontier import Frontier
from projections.merkle import leaf_hash
from projections.projection import Window
from projections.seal import Seal, ask
from tests.support.history import History, Step, identity

SIGNER = Signer.from_seed("ledger.example/test", b"\x05" * 32)
KEY = str(SIGNER.verifier)
START = datetime(2026, 1, 1, tzinfo=UTC)


def terms(*amounts, currency="USD"):
    legs = [Posting(identity("account", n), Decimal(a), currency) for n, a in enumerate(amounts)]
    return Terms(date=date(2026, 1, 1), postings=tuple(legs))


def recorded(position, fact, stream="transaction", version=None):
    return Leaf(
        position=position,
        stream_id=identity(stream, *(() if version else (position,))),
        version=version or 1,
        topic=fact.topic,
        book_id=identity("book"),
        recorded_at=START + timedelta(microseconds=position),
        actor_id=identity("actor"),
        command_id=identity("command", position),
        command="test",
        state=encode(fact),
    )


def honest(count=12):
    return [recorded(n, TransactionPosted(terms=terms(f"-{n}.10", f"{n}.10"))) for n in range(1, count + 1)]


def checkpoint_of(facts, signer=SIGNER):
    frontier = Frontier()
    frontier.append([leaf_hash(leaf(*fact)) for fact in facts])
    return signer.sign(frontier.size, frontier.root())


def documents(facts):
    header = {"numina": "export/1", "origin": SIGNER.name, "verifier_key": KEY, "facts": len(facts)}
    return [header, *(to_json(fact) for fact in facts)]


@pytest.fixture
def export(tmp_path):
    """Writes documents, or raw lines, to a file of one line each."""

    def write(lines):
        file = tmp_path / "export.jsonl"
        file.write_bytes(
            b"".join(x if isinstance(x, bytes) else json.dumps(x).encode() + b"\n" for x in lines)
        )
        return file

    return write


def rules(report):
    assert not report.ok
    assert str(report).endswith("NOT VERIFIED")
    return {finding.rule for finding in report.findings}


def test_an_honest_export_is_verified(export):
    facts = honest()
    report = verify_export(export(documents(facts)), checkpoint_of(facts), KEY)
    assert report.ok, str(report)
    assert str(report).endswith("\nverified")
    assert "12 facts" in str(report)
    assert report.notes == []


def test_a_checkpoint_may_be_given_as_a_file(export, tmp_path):
    facts = honest()
    note = tmp_path / "checkpoint"
    note.write_text(checkpoint_of(facts))
    assert verify_export(export(documents(facts)), note, KEY).ok


def test_facts_newer_than_the_checkpoint_are_said_to_be_unproven(export):
    facts = honest()
    report = verify_export(export(documents(facts)), checkpoint_of(facts[:9]), KEY)
    assert report.ok, str(report)
    assert any("last 3 facts" in note for note in report.notes)


def test_a_key_that_came_with_the_export_is_used_but_named_as_such(export):
    facts = honest()
    report = verify_export(export(documents(facts)), checkpoint_of(facts))
    assert report.ok
    assert any(KEY in note for note in report.notes)


def test_an_empty_record_is_verified_against_its_empty_checkpoint(export):
    assert verify_export(export(documents([])), checkpoint_of([]), KEY).ok


def test_progress_is_told_up_to_the_last_fact(export):
    facts = honest(5000)
    heard = []
    verify_export(export(documents(facts)), checkpoint_of(facts), KEY, lambda *seen: heard.append(seen))
    assert heard == [(4096, 5000), (5000, 5000)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recorded_at", "2026-01-01T00:00:00.000006Z"),
        ("actor_id", "00000000-0000-0000-0000-000000000000"),
        ("book_id", "00000000-0000-0000-0000-000000000000"),
        ("command_id", "00000000-0000-0000-0000-000000000000"),
        ("command", "other"),
        ("topic", "transaction.held"),
    ],
)
def test_any_changed_field_shows_in_the_root(export, field, value):
    facts = honest()
    lines = documents(facts)
    lines[5][field] = value
    assert "wrong_root" in rules(verify_export(export(lines), checkpoint_of(facts), KEY))


def test_an_amount_changed_on_both_legs_shows_in_the_root_though_it_still_balances(export):
    facts = honest()
    lines = documents(facts)
    lines[5]["state"] = lines[5]["state"].replace("5.10", "5.11")
    assert rules(verify_export(export(lines), checkpoint_of(facts), KEY)) == {"wrong_root"}


def test_the_same_json_in_other_bytes_is_not_the_fact_that_was_signed(export):
    facts = honest()
    lines = documents(facts)
    lines[5]["state"] = lines[5]["state"].replace(":", ": ")
    assert rules(verify_export(export(lines), checkpoint_of(facts), KEY)) == {"wrong_root"}


def test_a_fact_removed_or_slipped_in_or_swapped_is_found(export):
    facts = honest()
    note = checkpoint_of(facts)
    lines = documents(facts)
    removed = [*lines[:5], *lines[6:]]
    slipped_in = [*lines[:5], lines[4], *lines[5:]]
    swapped = [*lines[:5], lines[6], lines[5], *lines[7:]]
    assert rules(verify_export(export(removed), note, KEY)) == {"position_gap", "truncated", "too_short"}
    assert rules(verify_export(export(slipped_in), note, KEY)) >= {"position_gap", "wrong_root"}
    assert rules(verify_export(export(swapped), note, KEY)) == {"position_gap", "time_reversed", "wrong_root"}


def test_facts_cut_off_the_end_are_found_by_the_header_and_by_the_checkpoint(export):
    facts = honest()
    report = verify_export(export(documents(facts)[:-2]), checkpoint_of(facts), KEY)
    assert rules(report) == {"truncated", "too_short"}


def test_a_record_signed_with_broken_laws_is_found_though_its_root_is_right(export):
    posted, voided = TransactionPosted(terms=terms("-1", "1")), TransactionVoided(before=terms("-1", "1"))
    facts = [
        recorded(1, posted, version=1),
        recorded(2, voided, version=3),
        recorded(3, TransactionPosted(terms=terms("-1", "1.01"))),
        recorded(4, TransactionPosted(terms=terms("NaN", "NaN"))),
        recorded(5, TransactionPosted(terms=terms())),
        recorded(6, posted)._replace(recorded_at=START),
        recorded(7, posted)._replace(state=b'{"terms":{}}'),
    ]
    report = verify_export(export(documents(facts)), checkpoint_of(facts), KEY)
    assert [(finding.rule, finding.position) for finding in report.findings] == [
        ("version_gap", 2),
        ("unbalanced", 3),
        ("unbalanced", 4),
        ("unbalanced", 5),
        ("time_reversed", 6),
        ("unreadable_fact", 7),
    ]


def test_a_fact_of_a_newer_release_is_sealed_though_not_understood(export):
    facts = honest()
    facts.append(recorded(13, TransactionPosted(terms=terms("-1", "1")))._replace(topic="comet.sighted"))
    report = verify_export(export(documents(facts)), checkpoint_of(facts), KEY)
    assert report.ok, str(report)
    assert any("1 facts are of topics newer" in note for note in report.notes)


def test_another_log_s_checkpoint_does_not_serve(export):
    facts = honest()
    stranger = Signer.from_seed("other.example", b"\x06" * 32)
    path = export(documents(facts))
    assert "untrusted_checkpoint" in rules(verify_export(path, checkpoint_of(facts, stranger), KEY))
    report = verify_export(path, checkpoint_of(facts, stranger), str(stranger.verifier))
    assert rules(report) == {"wrong_origin"}
    assert "untrusted_checkpoint" in rules(verify_export(path, "no note", KEY))
    assert "untrusted_checkpoint" in rules(verify_export(path, checkpoint_of(facts), "no key"))


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"not json\n",
        b"[]\n",
        b"{}\n",
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b'{"position":1e400}\n',
        b"\x00\n",
    ],
)
def test_a_line_that_is_no_fact_is_a_finding_and_the_rest_is_still_read(export, line):
    facts = honest()
    lines = documents(facts)
    lines[5] = line
    report = verify_export(export(lines), checkpoint_of(facts), KEY)
    assert rules(report) >= {"malformed_line", "wrong_root"}
    assert report.findings[0].position == 5


@pytest.mark.parametrize("header", [b"", b"\n", b"[]\n", b'{"numina":"export/9"}\n'])
def test_a_file_without_the_header_is_no_export(export, header):
    facts = honest()
    report = verify_export(export([header, *documents(facts)[1:]]), checkpoint_of(facts), KEY)
    assert "malformed_header" in rules(report)


def test_a_thousand_findings_are_counted_and_a_hundred_kept(export):
    report = verify_export(export([b"{}\n"] * 1001), checkpoint_of(honest()), KEY)
    assert report.found > 1000
    assert len(report.findings) == 100
    assert f"and {report.found - 100} more" in str(report)


@pytest.fixture
def connection(database, keys):
    """A database with a sealed record of thirty facts."""
    steps = [
        Step(
            identity("book"),
            [
                Draft(
                    identity("transaction", n),
                    TransactionPosted(terms=terms(f"-{n}", f"{n}"), text={"payee": "Café"}),
                )
            ],
        )
        for n in range(1, 31)
    ]
    History(database, keys).append(steps)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA views")
        connection.execute("SET search_path = views")
        connection.execute(Seal.schema)
        with connection.cursor() as cursor:
            Seal().apply(Window(read_window(connection, 0, 30, keys)), cursor)
        yield connection


def test_what_the_database_exports_is_what_its_checkpoint_signed(connection, tmp_path):
    out = io.BytesIO()
    heard = []
    assert export_record(connection, out, SIGNER.verifier, lambda *seen: heard.append(seen)) == 30
    assert heard == [(30, 30)]
    file = tmp_path / "export.jsonl"
    file.write_bytes(out.getvalue())
    report = verify_export(file, ask(connection, seal.checkpoint(SIGNER)), KEY)
    assert report.ok, str(report)


def test_an_empty_database_exports_a_header_alone(database):
    out = io.BytesIO()
    with psycopg.connect(database) as connection:
        assert export_record(connection, out, SIGNER.verifier) == 0
    assert json.loads(out.getvalue())["facts"] == 0


def answered(connection, question):
    """An answer as it arrives over HTTP."""
    return json.loads(json.dumps(ask(connection, question)))


def test_one_fact_is_proven_without_the_others(connection):
    report = verify_inclusion(answered(connection, seal.proof(SIGNER, 7, 20)), KEY)
    assert report.ok, str(report)
    assert "position 7 (transaction.posted)" in str(report)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda d: d["leaf"].update(state=d["leaf"]["state"].replace('"7"', '"8"')), "not_included"),
        (lambda d: d["leaf"].update(actor_id=str(identity("somebody else"))), "not_included"),
        (lambda d: d["leaf"].update(position=8), "not_included"),
        (lambda d: d.update(position=8), "contradiction"),
        (lambda d: d.update(index=7), "contradiction"),
        (lambda d: d.update(size=21), "contradiction"),
        (lambda d: d.update(leaf_hash="00" * 32), "contradiction"),
        (lambda d: d["path"].pop(), "not_included"),
        (lambda d: d["path"].reverse(), "not_included"),
        (lambda d: d.update(checkpoint=d["checkpoint"].replace("\n20\n", "\n21\n")), "untrusted_checkpoint"),
    ],
)
def test_an_altered_proof_is_not_believed(connection, change, rule):
    document = answered(connection, seal.proof(SIGNER, 7, 20))
    change(document)
    assert rule in rules(verify_inclusion(document, KEY))


def test_growth_since_a_kept_checkpoint_is_proven(connection):
    kept = ask(connection, seal.checkpoint(SIGNER, 13))
    report = verify_growth(kept, answered(connection, seal.growth(SIGNER, 13)), KEY)
    assert report.ok, str(report)


def test_a_record_rewritten_since_a_kept_checkpoint_is_found(connection):
    facts = honest(13)
    kept = checkpoint_of(facts)
    report = verify_growth(kept, answered(connection, seal.growth(SIGNER, 13)), KEY)
    assert rules(report) == {"not_consistent"}


def test_saved_proofs_of_both_kinds_are_told_apart(connection, tmp_path):
    kept, proof = tmp_path / "kept", tmp_path / "proof.json"
    kept.write_text(ask(connection, seal.checkpoint(SIGNER, 13)))
    proof.write_text(json.dumps(ask(connection, seal.proof(SIGNER, 7))))
    assert verify_file(proof, KEY).ok
    proof.write_text(json.dumps(ask(connection, seal.growth(SIGNER, 13))))
    assert verify_file(proof, KEY, kept).ok
    with pytest.raises(MalformedProof, match="earlier checkpoint"):
        verify_file(proof, KEY)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff"])
def test_a_file_that_is_no_proof_is_refused_by_name(tmp_path, content):
    proof = tmp_path / "proof.json"
    proof.write_bytes(content)
    with pytest.raises(MalformedProof):
        verify_file(proof, KEY)


def test_a_forged_file_cannot_steer_the_terminal_that_shows_the_report(export):
    lines = documents(honest())
    lines[5]["topic"], lines[5]["state"] = "transaction.posted", "\u001b[2J"
    lines[0]["origin"] = "\u001b]0;owned\u0007"
    assert "\u001b" not in str(verify_export(export(lines), checkpoint_of(honest()), KEY))


@pytest.mark.parametrize(
    "change",
    [
        {"numina": "inclusion/2"},
        {"leaf": None},
        {"leaf": {}},
        {"path": None},
        {"path": [5]},
        {"path": ["zz"]},
        {"path": ["00"]},
        {"checkpoint": None},
    ],
)
def test_a_document_that_is_no_proof_is_refused(connection, change):
    with pytest.raises(MalformedProof):
        verify_inclusion({**answered(connection, seal.proof(SIGNER, 7)), **change}, KEY)
