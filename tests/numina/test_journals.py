"""A journal says what the book says, in words that the reading program cannot misunderstand."""

import datetime as dt
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from beancount import loader
from beancount.core.data import Open, Transaction

from numina.journals import Beancount, Head, Hledger, JournalAccount, JournalEntry, Leg, named

DAY = dt.date(2026, 2, 28)
BANK = JournalAccount(UUID(int=1), "asset", ("Bank", "Everyday: joint"), DAY)
FOOD = JournalAccount(UUID(int=2), "expense", ("food & drink",), DAY)
NASTY = [
    "plain",
    'quote " and \\ backslash',
    "(in brackets",
    "semi;colon | bar",
    "date:2026-13-45 [2026-99-99]",
    "two\nlines\tand \x07 bell",
    "Ærø 漢字 🙂",
    "* starred",
]


def entry(
    journal: Hledger | Beancount, text: str, amount: str = "12.34", currency: str = "USD"
) -> JournalEntry:
    names = named(journal, [BANK, FOOD])
    value = Decimal(amount)
    legs = [Leg(names[FOOD.id], value, currency, text), Leg(names[BANK.id], -value, currency, None)]
    return JournalEntry(UUID(int=9), DAY, False, text, text, [text], legs)


def test_hledger_reads_like_a_ledger() -> None:
    written = "".join(Hledger().entry(entry(Hledger(), "Corner shop")))
    assert written == (
        "\n2026-02-28 * Corner shop | Corner shop\n"
        "    ; id:00000000-0000-0000-0000-000000000009\n"
        "    ; Corner-shop:\n"
        "    Expenses:food & drink  12.34 USD  ; Corner shop\n"
        "    Assets:Bank:Everyday joint  -12.34 USD\n"
    )


@pytest.mark.parametrize("text", NASTY)
def test_beancount_reads_back_what_was_written(tmp_path: Path, text: str) -> None:
    journal = Beancount()
    names = named(journal, [BANK, FOOD])
    lines = journal.head(Head(text, 7, [(names[a.id], a) for a in (BANK, FOOD)], {"USD": 2}))
    file = tmp_path / "book.beancount"
    file.write_text("".join([*lines, *journal.entry(entry(journal, text))]))
    entries, errors, _ = loader.load_file(str(file))
    assert errors == []
    assert len([e for e in entries if isinstance(e, Open)]) == 2
    [transaction] = [e for e in entries if isinstance(e, Transaction)]
    assert transaction.meta["id"] == str(UUID(int=9))
    assert transaction.payee == " ".join(text.replace("\x07", " ").split())
    assert {(p.account, p.units.number) for p in transaction.postings} == {
        ("Expenses:Food-drink", Decimal("12.34")),
        ("Assets:Bank:Everyday-joint", Decimal("-12.34")),
    }


@pytest.mark.parametrize("text", NASTY)
def test_a_transaction_for_hledger_stays_on_its_lines(text: str) -> None:
    lines = "".join(Hledger().entry(entry(Hledger(), text))).splitlines()
    assert len(lines) == 6
    assert lines[1].startswith("2026-02-28 * ")
    comment = lines[4].split("  ; ")[1]
    assert ":" not in comment
    assert "[" not in comment


def test_a_hold_is_marked_pending() -> None:
    held = entry(Hledger(), "Hotel")
    held = JournalEntry(held.id, held.date, True, held.payee, "", (), held.legs)
    assert next(iter(Hledger().entry(held))) == "\n2026-02-28 ! Hotel\n"
    assert next(iter(Beancount().entry(held))) == '\n2026-02-28 ! "Hotel" ""\n'


def test_a_commodity_with_digits_is_quoted_for_hledger() -> None:
    assert '12.34 "VBMPX2"' in "".join(Hledger().entry(entry(Hledger(), "Fund", currency="VBMPX2")))


def test_the_smallest_unit_is_written_in_full() -> None:
    assert "0.000000000000000001 ETH" in "".join(
        Beancount().entry(entry(Beancount(), "Dust", "0.000000000000000001", "ETH"))
    )


def test_accounts_that_would_read_alike_stay_apart() -> None:
    others = [
        JournalAccount(UUID(int=number), "asset", (name,), DAY)
        for number, name in enumerate(["a b", "A-b", "漢"])
    ]
    names = named(Beancount(), others)
    assert len({name.casefold() for name in names.values()}) == 3


@pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not installed")
@pytest.mark.parametrize("text", NASTY)
def test_hledger_reads_back_what_was_written(text: str) -> None:
    journal = Hledger()
    names = named(journal, [BANK, FOOD])
    lines = journal.head(Head(text, 7, [(names[a.id], a) for a in (BANK, FOOD)], {"USD": 2}))
    read = subprocess.run(
        ["hledger", "-f-", "balance", "--strict", "--output-format=csv", "--no-total"],
        input="".join([*lines, *journal.entry(entry(journal, text))]),
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.stderr == ""
    assert read.stdout.splitlines()[1:] == [
        '"Assets:Bank:Everyday joint","-12.34 USD"',
        '"Expenses:food & drink","12.34 USD"',
    ]
