"""Verification finds nothing in a sound database, and every way of changing one behind Numina's back."""

import pytest

from ledger.writer import Writer
from numina.embedded import EmbeddedPostgres
from projections.auditor import Auditor, findings, status
from projections.projector import Projector
from projections.verify import verify
from tests.support.history import History
from tests.support.keys import MemoryKeys
from tests.support.projected import ask
from tests.support.told import tamper, tell
from tests.support.walk import Walk

RECORD = "UPDATE record.stored_events SET "
LAST = " WHERE notification_id = (SELECT position FROM record.head)"
FIRST_COMMAND = "(SELECT command_id FROM record.stored_events WHERE notification_id = 1)"
ORPHAN = "INSERT INTO registers.balances SELECT gen_random_uuid(), 'USD', 5, 0, 0"
GAPS, SUMS = "law 3: no gaps, positions rise", "law 1: every currency sums to zero"
FLOOR, ONCE = "law 4: no guarded balance below its floor", "law 5: one key, one effect"
SEALED = "law 6: what was sealed is what is recorded"


def swap(old: str, new: str) -> str:
    """Changes the stored bytes of every fact that has `old` in them."""
    return RECORD + f"state = decode(replace(encode(state, 'escape'), '{old}', '{new}'), 'escape')"


TAMPERINGS = [
    ("registers.balances", "UPDATE registers.balances SET posted = posted + 1 WHERE posted > 1000"),
    ("registers.balances", "DELETE FROM registers.balances WHERE posted > 1000"),
    ("registers.balances", ORPHAN),
    ("registers.days", "UPDATE registers.days SET date = date + 1 WHERE posted > 1000"),
    ("registers.claims", "DELETE FROM registers.claims WHERE kind = 'account'"),
    ("registers.claims", "UPDATE registers.claims SET holder = scope WHERE kind = 'account'"),
    ("views.balances", "UPDATE views.balances SET pending = pending + 1"),
    ("views.balances", "DELETE FROM views.balances WHERE posted > 1000"),
    ("views.rollup", "UPDATE views.rollup SET credit = credit + 0.01"),
    ("views.accounts", 'UPDATE views.accounts SET text = text || \'{"name": "Other"}\''),
    ("views.books", "UPDATE views.books SET name = 'Other'"),
    ("views.transactions", "UPDATE views.transactions SET payee = 'Other' WHERE payee IS NOT NULL"),
    ("views.postings", "DELETE FROM views.postings WHERE amount > 1000"),
    ("views.assertions", "UPDATE views.assertions SET withdrawn = true"),
    ("views.reconciliations", "UPDATE views.reconciliations SET locked = false"),
    ("views.audit", "UPDATE views.audit SET actor_id = book_id WHERE position = 3"),
    ("views.audit", "DELETE FROM views.audit WHERE position = 3"),
    (SEALED, RECORD + "actor_id = book_id WHERE notification_id = 4"),
    (SEALED, swap("31.20", "91.20")),
    ("the record", swap('"payee":"', '"payee":"A')),
    (GAPS, "DELETE FROM record.stored_events WHERE notification_id = 4"),
    (GAPS, RECORD + "recorded_at = recorded_at - interval '1 year'" + LAST),
    (ONCE, RECORD + f"command_id = {FIRST_COMMAND}" + LAST),
    (SUMS, swap('"-2500"', '"-2400"')),
    (FLOOR, swap('100"', '1100"') + " WHERE topic = 'transaction.held'"),
]


def test_a_sound_database_verifies(database: str, keys: MemoryKeys) -> None:
    tell(database, keys, "one", "two")
    outcome = verify(database, keys)
    assert outcome.mismatches == ()
    assert outcome.position == outcome.head > 30


def test_facts_of_every_topic_verify_in_the_read_models(database: str, keys: MemoryKeys) -> None:
    Projector(database, keys).catch_up()
    History(database, keys).append(Walk(5).steps(150))
    Projector(database, keys, most_facts=20).catch_up()
    assert not [m for m in verify(database, keys).mismatches if m.rule.startswith("views")]


def test_an_empty_database_verifies_once_the_projector_has_run(database: str, keys: MemoryKeys) -> None:
    assert "start the projector" in verify(database, keys).mismatches[0].detail
    Projector(database, keys).catch_up()
    assert verify(database, keys).mismatches == ()


def test_read_models_that_lag_behind_are_compared_at_their_own_position(
    database: str, keys: MemoryKeys
) -> None:
    [book] = tell(database, keys)
    reached = verify(database, keys).position
    writer = Writer(database, keys)
    writer.start()
    book.handle = writer.handle_sync
    book.post("2026-03-02", cash=-7, food=7)
    writer.stop()
    outcome = verify(database, keys)
    assert outcome.mismatches == ()
    assert (outcome.position, outcome.head) == (reached, reached + 1)


@pytest.mark.parametrize(("rule", "statement"), TAMPERINGS)
def test_verification_and_the_auditor_find_tampering(
    server: EmbeddedPostgres, database: str, keys: MemoryKeys, rule: str, statement: str
) -> None:
    [book] = tell(database, keys)
    tamper(server, database, statement)
    assert rule in {mismatch.rule for mismatch in verify(database, keys).mismatches}
    with Auditor(database, keys) as auditor:
        auditor.turn(60)
    published = ask(database, lambda connection: findings(connection, book.book_id, 1000))
    assert rule in {finding.rule for finding in published}


def test_the_auditor_publishes_what_it_verified(database: str, keys: MemoryKeys) -> None:
    tell(database, keys, "one", "two", "three")
    assert ask(database, status) is None
    with Auditor(database, keys) as auditor:
        auditor.turn(60)
    outcome = ask(database, status)
    assert outcome is not None
    assert outcome.mismatches == outcome.under_way_mismatches == 0
    assert outcome.books == 3
    assert outcome.position == outcome.facts > 50


def test_an_auditor_goes_on_where_another_one_ended(database: str, keys: MemoryKeys) -> None:
    tell(database, keys, *map(str, range(5)))
    steps = 0
    done = False
    while not done:
        with Auditor(database, keys) as auditor:
            for _ in range(3):
                done = auditor.step()
                steps += 1
                if done:
                    break
    outcome = ask(database, status)
    assert outcome is not None
    assert (outcome.mismatches, outcome.books) == (0, 5)
    assert steps < 40


def test_two_auditors_do_not_work_at_once(database: str, keys: MemoryKeys) -> None:
    tell(database, keys)
    with Auditor(database, keys) as first, Auditor(database, keys) as second:
        assert not first.step()
        assert second.step()
