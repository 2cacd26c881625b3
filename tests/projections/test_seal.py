"""The seal in a real database: the same tree whatever the windows, and proofs that convince a stranger."""

import asyncio
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import psycopg
import pytest

from ledger.command import Draft
from ledger.leaf import leaf
from ledger.log import read_window
from ledger.postings import Posting, balanced
from ledger.transactions.events import Terms, TransactionPosted
from projections import merkle, seal
from projections.checkpoint import Signer, Verifier
from projections.frontier import Frontier
from projections.projection import Projection, Window
from projections.seal import NotSealed, Seal, ask, ask_async
from tests.support.history import History, Step, identity

FACTS = 600
SIGNER = Signer.from_seed("ledger.example/test", b"\x05" * 32)
BOOK = identity("book")


def posted(number):
    amount = Decimal(number) / 100
    legs = balanced(
        [Posting(identity("cash"), -amount, "USD"), Posting(identity("food"), amount, "USD")],
    )
    terms = Terms(date=date(2026, 1, 1), postings=legs)
    fact = TransactionPosted(terms=terms, text={"payee": "Café"})
    return Step(BOOK, [Draft(identity("transaction", number), fact)])


@pytest.fixture
def connection(database, keys) -> Iterator[psycopg.Connection]:
    """A record of some facts and an empty seal."""
    History(database, keys).append(posted(number) for number in range(1, FACTS + 1))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA views")
        connection.execute("SET search_path = views")
        connection.execute(Seal.schema)
        yield connection


def seal_up(connection, keys, *windows):
    """Seals windows of the given sizes, one transaction each; the sizes' sum is where it starts from."""
    after = ask(connection, seal.sealed_size())
    for size in windows:
        facts = Window(read_window(connection, after, after + size, keys))
        with connection.transaction(), connection.cursor() as cursor:
            Seal().apply(facts, cursor)
        after += size


def hashes(connection, keys):
    return [
        merkle.leaf_hash(
            leaf(
                f.position,
                f.stream_id,
                f.version,
                f.topic,
                f.book_id,
                f.recorded_at,
                f.actor_id,
                f.command_id,
                f.command,
                f.state,
            )
        )
        for f in read_window(connection, 0, FACTS, keys)
    ]


def tiles(connection):
    return connection.execute("SELECT level, number, hashes FROM seal_tiles ORDER BY 1, 2").fetchall()


def test_the_seal_is_a_projection_like_any_other():
    projection: Projection = Seal()
    assert projection.tables == ("seal_tiles",)


def test_the_tiles_are_the_same_bytes_whatever_the_windows(connection, keys):
    seal_up(connection, keys, FACTS)
    at_once = tiles(connection)
    connection.execute("TRUNCATE seal_tiles")
    seal_up(connection, keys, 1, 2, 252, 1, 3, 255, FACTS - 514)
    assert tiles(connection) == at_once
    assert [(level, number, len(row) // 32) for level, number, row in at_once] == [
        (0, 0, 256),
        (0, 1, 256),
        (0, 2, FACTS - 512),
        (1, 0, 2),
    ]


def test_a_window_sealed_twice_changes_nothing(connection, keys):
    seal_up(connection, keys, 300)
    before = tiles(connection)
    with connection.cursor() as cursor:
        Seal().apply(Window(read_window(connection, 100, 300, keys)), cursor)
    assert tiles(connection) == before


def test_a_window_rolled_back_leaves_no_trace(connection, keys):
    seal_up(connection, keys, 300)
    before = tiles(connection)
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        Seal().apply(Window(read_window(connection, 300, FACTS, keys)), cursor)
    assert tiles(connection) == before


def test_a_window_that_skips_facts_is_refused(connection, keys):
    with connection.cursor() as cursor:
        with pytest.raises(merkle.MissingTile):
            Seal().apply(Window(read_window(connection, 5, 10, keys)), cursor)
        facts = read_window(connection, 0, 10, keys)
        with pytest.raises(ValueError, match="skips"):
            Seal().apply(Window([*facts[:4], *facts[5:]]), cursor)
    assert tiles(connection) == []


def test_the_root_is_that_of_the_stored_bytes_at_every_size(connection, keys):
    seal_up(connection, keys, 100, 500)
    frontier = Frontier()
    assert ask(connection, seal.root(0)) == frontier.root()
    for size, digest in enumerate(hashes(connection, keys), 1):
        frontier.append([digest])
        if size % 50 == 0 or size in (1, 2, 255, 256, 257, 511, 512, 513):
            assert ask(connection, seal.root(size)) == frontier.root()
    assert ask(connection, seal.root()) == frontier.root()


@pytest.mark.parametrize(
    ("position", "size"), [(1, 1), (1, 600), (256, 256), (257, 300), (600, 600), (5, None)]
)
def test_a_fact_is_proven_to_be_included_at_any_later_size(connection, keys, position, size):
    seal_up(connection, keys, FACTS)
    path = ask(connection, seal.inclusion(position, size))
    root = ask(connection, seal.root(size))
    leaf_digest = hashes(connection, keys)[position - 1]
    assert merkle.verify_inclusion(leaf_digest, position - 1, size or FACTS, path, root)


@pytest.mark.parametrize(
    ("old", "new"), [(0, 600), (1, 600), (256, 512), (300, 513), (600, 600), (599, None)]
)
def test_every_earlier_tree_is_proven_to_be_the_beginning_of_a_later_one(connection, keys, old, new):
    seal_up(connection, keys, FACTS)
    path = ask(connection, seal.consistency(old, new))
    roots = ask(connection, seal.root(old)), ask(connection, seal.root(new))
    assert merkle.verify_consistency(old, new or FACTS, path, *roots)


def test_a_checkpoint_signs_the_size_and_root_and_can_be_given_again_later(connection, keys):
    seal_up(connection, keys, 300)
    note = ask(connection, seal.checkpoint(SIGNER))
    signed = SIGNER.verifier.verify(note)
    assert (signed.size, signed.root) == (300, ask(connection, seal.root()))
    seal_up(connection, keys, 300)
    assert ask(connection, seal.checkpoint(SIGNER, 300)) == note


def test_a_statement_carries_the_checkpoint_and_the_key_that_verifies_it(connection, keys):
    seal_up(connection, keys, 300)
    statement = ask(connection, seal.statement(SIGNER))
    signed = Verifier.from_text(statement["verifier_key"]).verify(statement["checkpoint"])
    assert (statement["origin"], statement["size"]) == (signed.origin, signed.size)
    assert statement["root"] == signed.root.hex()


def test_an_empty_record_has_a_checkpoint_too(connection):
    signed = SIGNER.verifier.verify(ask(connection, seal.checkpoint(SIGNER)))
    assert (signed.size, signed.root) == (0, merkle.EMPTY_ROOT)


def test_the_asynchronous_answers_are_the_synchronous_ones(database, connection, keys):
    seal_up(connection, keys, FACTS)

    async def answers():
        async with await psycopg.AsyncConnection.connect(database) as other:
            await other.execute("SET search_path = views")
            return await ask_async(other, seal.proof(SIGNER, 7)), await ask_async(
                other, seal.growth(SIGNER, 9)
            )

    assert asyncio.run(answers()) == (
        ask(connection, seal.proof(SIGNER, 7)),
        ask(connection, seal.growth(SIGNER, 9)),
    )


@pytest.mark.parametrize(
    "question",
    [
        lambda: seal.root(301),
        lambda: seal.root(-1),
        lambda: seal.inclusion(0),
        lambda: seal.inclusion(301),
        lambda: seal.inclusion(200, 100),
        lambda: seal.consistency(301),
        lambda: seal.consistency(200, 100),
        lambda: seal.proof(SIGNER, 301),
        lambda: seal.growth(SIGNER, 5, 301),
        lambda: seal.checkpoint(SIGNER, 2**62),
    ],
)
def test_a_question_beyond_what_is_sealed_is_refused_with_how_far_it_goes(connection, keys, question):
    seal_up(connection, keys, 300)
    with pytest.raises(NotSealed) as refusal:
        ask(connection, question())
    assert refusal.value.sealed in (300, 100)


def test_a_proof_reads_a_handful_of_tiles_however_long_the_record():
    assert len(merkle.needed(merkle.inclusion_ranges(123_456_789, 1_000_000_000))) <= 8
    assert len(merkle.needed(merkle.consistency_ranges(123_456_789, 1_000_000_000))) <= 8
