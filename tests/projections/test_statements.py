"""Reconciled statements and asserted balances, as they are listed."""

from datetime import date

from ledger.accounts.asserting import AssertBalance
from ledger.writer import Writer
from projections.projector import Projector
from projections.statements import assertions, reconciliations
from tests.support.keys import MemoryKeys
from tests.support.projected import ask
from tests.support.scenario import Scenario, amount, day


def test_statements_and_assertions_are_listed_latest_first_with_what_was_taken_back(
    database: str, keys: MemoryKeys
) -> None:
    writer = Writer(database, keys)
    writer.start()
    try:
        told = Scenario(writer.handle_sync).household()
        paid = told.post("2026-01-05", cash=-20, food=20)
        january = told.reconcile("cash", "2026-01-31", -20, paid)
        claims = {
            "account_id": told.accounts["cash"],
            "date": day("2026-01-31"),
            "amount": amount(-20),
            "currency": "USD",
        }
        kept = told.do(AssertBalance, assertion_id=told.fresh(), text={"notes": "by the bank"}, **claims)
        undone = told.do(AssertBalance, assertion_id=told.fresh(), **{**claims, "date": day("2026-02-28")})
        told.undo(undone)
    finally:
        writer.stop()
    Projector(database, keys).catch_up()
    [statement] = ask(database, lambda c: reconciliations(c, told.book_id))
    assert (statement.reconciliation_id, statement.date, statement.locked) == (
        january,
        date(2026, 1, 31),
        True,
    )
    assert (statement.closing_balance, statement.transaction_ids) == (-20, [paid])
    later, earlier = ask(database, lambda c: assertions(c, told.book_id))
    assert (later.date, later.withdrawn) == (date(2026, 2, 28), True)
    assert (earlier.date, earlier.withdrawn, earlier.notes) == (date(2026, 1, 31), False, "by the bank")
    assert earlier.created_at == kept.facts[0].recorded_at
    other = told.accounts["card"]
    assert ask(database, lambda c: assertions(c, told.book_id, account_id=other)) == []
    assert ask(database, lambda c: reconciliations(c, told.actor_id)) == []
