"""Checkpoints as signed notes: exact form, a published example, and everything that must not be believed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.checkpoint import (
    Checkpoint,
    CheckpointError,
    MalformedKey,
    MalformedNote,
    Signer,
    UnknownSigner,
    Verifier,
    WrongOrigin,
    WrongSignature,
    parse,
)

ORIGIN = "ledger.example/books"
ROOT = bytes(range(32))
SIGNER = Signer.from_seed(ORIGIN, b"\x01" * 32)

# The example pair of keys and note in the documentation of Go's golang.org/x/mod/sumdb/note.
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_NOTE = (
    GO_TEXT + "\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_that_go_signed_is_verified_and_signed_alike():
    assert Verifier.from_text(GO_VERIFIER).verify_text(GO_NOTE) == GO_TEXT
    signer = Signer.from_text(GO_SIGNER)
    assert signer.sign_text(GO_TEXT) == GO_NOTE
    assert str(signer.verifier) == GO_VERIFIER
    assert signer.secret_text() == GO_SIGNER


def test_a_checkpoint_is_three_lines_a_blank_one_and_a_signature():
    note = SIGNER.sign(20852163, ROOT)
    lines = note.split("\n")
    assert lines[:4] == [ORIGIN, "20852163", base64.b64encode(ROOT).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]


@given(st.integers(0, 10**18), st.binary(min_size=32, max_size=32))
def test_what_was_signed_is_what_is_read_back(size, root):
    verifier = Verifier.from_text(str(SIGNER.verifier))
    assert verifier.verify(SIGNER.sign(size, root)) == Checkpoint(ORIGIN, size, root)


def test_the_same_tree_under_the_same_key_gives_the_same_note():
    assert SIGNER.sign(5, ROOT) == Signer.from_text(SIGNER.secret_text()).sign(5, ROOT)


def test_extension_lines_are_kept_and_signed():
    checkpoint = Checkpoint(ORIGIN, 5, ROOT, ("note one", "note two"))
    note = SIGNER.sign_text(checkpoint.text())
    assert SIGNER.verifier.verify(note) == checkpoint
    with pytest.raises(WrongSignature):
        SIGNER.verifier.verify(note.replace("note one", "note 1"))


def test_a_changed_size_or_root_is_not_believed():
    note = SIGNER.sign(45, ROOT)
    for forged in (note.replace("\n45\n", "\n46\n"), note.replace("AAEC", "AAED")):
        assert forged != note
        with pytest.raises(WrongSignature):
            SIGNER.verifier.verify(forged)


def test_a_stranger_s_signature_is_not_the_log_s():
    stranger = Signer.from_seed(ORIGIN, b"\x02" * 32)
    with pytest.raises(UnknownSigner):
        SIGNER.verifier.verify(stranger.sign(45, ROOT))


def test_a_witness_s_signature_beside_the_log_s_is_passed_over():
    witness = Signer.from_seed("witness.example", b"\x02" * 32)
    note = SIGNER.sign(45, ROOT)
    text = parse(note).text()
    cosigned = note + witness.sign_text(text).split("\n\n")[1]
    assert SIGNER.verifier.verify(cosigned) == witness_view(witness, cosigned)


def witness_view(witness, note):
    """What the witness's key, which is not the log's, vouches for."""
    return Checkpoint.from_text(witness.verifier.verify_text(note))


def test_one_bad_signature_under_the_log_s_name_spoils_the_note():
    good = SIGNER.sign(45, ROOT)
    bad = SIGNER.sign(46, ROOT).split("\n\n")[1]
    with pytest.raises(WrongSignature):
        SIGNER.verifier.verify(good + bad)


def test_a_checkpoint_of_another_log_is_refused_even_if_rightly_signed():
    note = SIGNER.sign_text(Checkpoint("other.example", 45, ROOT).text())
    with pytest.raises(WrongOrigin):
        SIGNER.verifier.verify(note)


GOOD = SIGNER.sign(45, ROOT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        GOOD.rstrip("\n"),
        GOOD.replace("\n\n", "\n"),
        GOOD.replace("\n45\n", "\n045\n"),
        GOOD.replace("\n45\n", "\n-45\n"),
        GOOD.replace("\n45\n", "\n4５\n"),
        GOOD.replace("\n45\n", "\n" + "9" * 40 + "\n"),
        GOOD.replace("\n45\n", "\n45\r\n"),
        GOOD.replace("—", "-"),
        GOOD.replace("— ", "—  "),
        GOOD.replace("AAEC", "AA*C"),
        GOOD.replace("AAEC", ""),
        GOOD.replace(ORIGIN + "\n", "\n", 1),
        GOOD + "\n",
        GOOD.replace(ORIGIN, "\ud800"),
        GOOD + GOOD.split("\n\n")[1] * 100,
        "x" * 100_000,
        f"{ORIGIN}\n45\n\n— {ORIGIN} AAAA\n",
    ],
)
def test_anything_but_a_signed_checkpoint_is_malformed(text):
    with pytest.raises(MalformedNote):
        parse(text)


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text):
    for read in (parse, SIGNER.verifier.verify, Verifier.from_text, Signer.from_text):
        with pytest.raises(CheckpointError):
            read(text)


@given(st.integers(0, len(GOOD) - 1), st.characters())
def test_no_single_changed_character_is_believed(at, character):
    forged = GOOD[:at] + character + GOOD[at + 1 :]
    try:
        believed = SIGNER.verifier.verify(forged)
    except CheckpointError:
        return
    assert believed == parse(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        GO_VERIFIER.replace("c74f20a3", "c74f20a4"),
        GO_VERIFIER.replace("PeterNeumann", "Peter Neumann"),
        GO_VERIFIER.replace("PeterNeumann", ""),
        GO_VERIFIER[:-4],
        GO_VERIFIER.replace("ARpc", "AhpC"),
        GO_VERIFIER.replace("ARpc", "A*pc"),
        GO_SIGNER,
    ],
)
def test_a_damaged_verifier_key_is_refused(text):
    with pytest.raises(MalformedKey):
        Verifier.from_text(text)


@pytest.mark.parametrize("text", ["", GO_VERIFIER, GO_SIGNER.replace("c74f20a3", "c74f20a4"), GO_SIGNER[:-4]])
def test_a_damaged_signer_key_is_refused(text):
    with pytest.raises(MalformedKey):
        Signer.from_text(text)


def test_a_signer_without_a_usable_name_or_seed_is_refused():
    for name in ("", "two words", "a+b", "line\nbreak"):
        with pytest.raises(MalformedKey):
            Signer.from_seed(name, b"\x01" * 32)
    with pytest.raises(MalformedKey):
        Signer.from_seed(ORIGIN, b"short")


def test_a_text_that_would_break_the_note_is_not_signed():
    for text in ("no newline", "tab\there\n", ""):
        with pytest.raises(MalformedNote):
            SIGNER.sign_text(text)
