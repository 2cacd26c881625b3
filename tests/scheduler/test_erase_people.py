"""Being forgotten: no copy of a word is left in the whole database, and everything else is as it was."""

import datetime as dt
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from gateways.erasing import Traces
from gateways.vault import HEARD_WITHIN, Vault
from ledger.accounts.asserting import AssertBalance
from ledger.identity.commands import AmendUser, RegisterUser
from ledger.ids import derived_id
from ledger.invitations.commands import Invite
from ledger.keys.commands import MakeKey, NoteUse
from ledger.leaf import Leaf, leaf
from ledger.log import LogReader
from ledger.mailbox.commands import VerifyEmail
from ledger.privacy.commands import AskErasure, CancelErasure, Consent, EraseBook, EraseUser, NotDue
from ledger.record import Recorded
from ledger.refusals import Unknown
from ledger.sessions.commands import OpenSession
from ledger.writer import Writer
from numina.embedded import EmbeddedPostgres
from projections import merkle, seal, tables
from projections.projector import Projector
from projections.rebuild import rebuild
from projections.verify import verify
from scheduler.jobs import erase_people
from scheduler.jobs.erase_people import ErasePeople
from scheduler.reactions.invitations import InvitationWords
from scheduler.reactions.reactor import Reactor
from tests.support.projected import ask
from tests.support.scenario import NOON, Scenario, amount, day
from tests.support.traces import files_with, rows_with

MASTER = bytes(range(32))
WORDS = (
    "Zebulon",
    "zebulon@quagmire.example",
    "Quagmire savings",
    "Marmalade bakery",
    "for Xanthippe",
    "snickerdoodle",
    "memo of Thelonious",
    "hush-hush",
    "Umbrella bank",
    "letter of Ignatius",
    "Netscape Navigator",
    "Abacus program",
    "Rotterdam network",
)
"""What the one who is erased wrote, each in another field; none is written anywhere else."""


class Town:
    """Two people with much the same books, the projector, and the job that erases; one clock for all."""

    def __init__(self, url: str, server: EmbeddedPostgres) -> None:
        self.url, self.server = url, server
        self.now = NOON
        self.vault, self.reading = Vault(url, MASTER), Vault(url, MASTER, role="numina_projector")
        self.writer = Writer(url, self.vault)
        self.writer.start()
        self.zeb = self.person("zeb", *WORDS)
        self.ann = self.person("ann", *(f"kept-{number}@kept.example" for number in range(13)))
        self.job = ErasePeople(
            url,
            self.writer,
            self.vault,
            self.reading,
            clock=lambda: self.now,
            settled=dt.timedelta(seconds=HEARD_WITHIN),
            every=dt.timedelta(0),
        )

    def person(self, name: str, *words: str) -> Scenario:
        called, email, account, payee, notes, tag, memo, metadata, bank, letter, device, program, network = (
            words
        )
        book = Scenario(self.writer.handle_sync, name=name)
        home = derived_id("home", name)
        book.do(
            RegisterUser,
            email=email,
            password=f"$argon2id${called}",
            display_name=called,
            currency="USD",
            time_zone="UTC",
            book_id=home,
        )
        book.book_id = home
        book.do(
            OpenSession,
            book_id=book.actor_id,
            session_id=book.fresh(),
            methods=("pwd",),
            digest=bytes(32),
            expires_at=NOON + dt.timedelta(days=30),
            text={"device": device, "address": f"{device}.example"},
        )
        key = {"book_id": book.actor_id, "key_id": book.fresh()}
        book.do(MakeKey, **key, title=program, scopes=("accounts:read",), digest=bytes(32))
        book.do(NoteUse, **key, address=network)
        book.account("savings", text={"name": account, "institution": bank}, opening=1000)
        book.account("food", "expense", text={"name": f"{account} food"})
        book.account("inner", parent_id=book.accounts["savings"], text={"name": f"{account} inner"})
        text = {
            "payee": payee,
            "notes": notes,
            "tags": tag,
            "memo.0": memo,
            "metadata": f'{{"k":"{metadata}"}}',
        }
        for number in range(40):
            book.post(fields={"text": text, "request": b"digest"}, savings=-1 - number, food=1 + number)
        book.amend(book.post(fields={"text": text}, savings=-7, food=7), savings=-8, food=8)
        book.do(
            AssertBalance,
            account_id=book.accounts["savings"],
            assertion_id=book.fresh(),
            date=day("2026-01-01"),
            amount=amount(1000),
            currency="USD",
            text={"notes": letter},
        )
        book.do(AmendUser, display_name=f"{called} again", country="PT")
        book.do(Consent, kind="terms", version="2026-01", given=True)
        return book

    def ask_erasure(self, who: Scenario, days: int = 14) -> None:
        who.do(AskErasure, due_at=self.now + dt.timedelta(days=days))

    def project(self) -> None:
        Projector(self.url, self.reading).catch_up()

    def turn(self, **later: float) -> None:
        self.now += dt.timedelta(**later)
        self.project()
        self.job()

    def erase(self, who: Scenario) -> None:
        """From asking to the last trace: three turns of the job, the projector between them."""
        self.ask_erasure(who)
        self.turn()
        self.turn(days=14)
        time.sleep(HEARD_WITHIN + 0.1)
        self.turn()

    def wrong(self) -> list[str]:
        """What verification finds; nothing when all is well."""
        self.project()
        return list(map(str, verify(self.url, self.reading).mismatches))


@pytest.fixture
def town(database: str, server: EmbeddedPostgres) -> Iterator[Town]:
    town = Town(database, server)
    yield town
    town.writer.stop()
    town.vault.close()
    town.reading.close()


def plain(words: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(word.encode() for word in words) + tuple(word.lower().encode() for word in words)


def wrapped(url: str, subject: UUID) -> bytes | None:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT wrapped FROM vault.data_keys WHERE subject_id = %s", [subject])
        [key] = row.fetchone() or (None,)
    return None if key is None else bytes(key)


def test_no_copy_of_a_word_is_left_in_the_whole_database(town: Town, tmp_path: Path) -> None:
    town.project()
    with psycopg.connect(town.url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    keys = tuple(filter(None, (wrapped(town.url, s) for s in (town.zeb.actor_id, town.zeb.book_id))))
    assert len(keys) == 2
    found = rows_with(town.server, town.url, WORDS)
    assert {"views.transactions", "views.accounts", "pg_catalog.pg_statistic"} <= set(found)
    assert files_with(town.server, plain(WORDS) + keys), "the search finds what is there"
    town.erase(town.zeb)
    assert rows_with(town.server, town.url, WORDS) == []
    assert files_with(town.server, plain(WORDS) + keys) == []
    assert town.wrong() == []
    backup = tmp_path / "backup.sql"
    with backup.open("wb") as out:
        subprocess.run([_pg_dump(town.server), "--dbname", town.url], stdout=out, check=True)
    dumped = backup.read_bytes()
    assert b"COPY record.stored_events" in dumped
    assert [word for word in plain(WORDS) if word in dumped] == []
    assert rows_with(town.server, town.url, ("kept-3@kept.example",)) != [], (
        "another person's words are where they were"
    )


def _pg_dump(server: EmbeddedPostgres) -> Path:
    with psycopg.connect(server.admin_url) as connection:
        [folder] = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone() or (
            "",
        )
    return Path(folder) / "pg_dump"


def test_words_leave_the_read_models_as_soon_as_it_is_recorded(town: Town) -> None:
    town.project()
    town.ask_erasure(town.zeb, days=0)
    town.project()
    town.job()
    town.project()
    with psycopg.connect(town.url) as connection:
        texts = connection.execute(
            "SELECT payee, notes, tags, memos, metadata FROM views.transactions WHERE book_id = %s",
            [town.zeb.book_id],
        ).fetchall()
        names = connection.execute(
            "SELECT text::text FROM views.accounts WHERE book_id = %s", [town.zeb.book_id]
        ).fetchall()
    assert set(texts) == {(None,) * 5}
    assert set(names) == {("{}",)}
    assert town.wrong() == [], "live tables are what a rebuild makes"


def test_proofs_made_before_still_hold(town: Town) -> None:
    town.project()
    [fact] = [f for f in recorded(town) if f.topic == "user.renamed" and f.stream_id == town.zeb.actor_id]
    size = recorded(town)[-1].position
    root = ask(town.url, lambda c: seal.ask_async(c, seal.root(size)))
    path = ask(town.url, lambda c: seal.ask_async(c, seal.inclusion(fact.position, size)))
    town.erase(town.zeb)
    assert town.wrong() == []
    [same] = [f for f in recorded(town) if f.position == fact.position]
    assert same.fact.text == {}
    hashed = merkle.leaf_hash(leaf(*Leaf(*(getattr(same, field) for field in Leaf._fields))))
    assert merkle.verify_inclusion(hashed, fact.position - 1, size, path, root)
    assert ask(town.url, lambda c: seal.ask_async(c, seal.root(size))) == root
    grown = ask(town.url, lambda c: seal.ask_async(c, seal.root()))
    between = ask(town.url, lambda c: seal.ask_async(c, seal.consistency(size)))
    assert merkle.verify_consistency(size, recorded(town)[-1].position, between, root, grown)


def recorded(town: Town) -> list[Recorded]:
    reader = LogReader(town.url, town.vault)
    try:
        return reader.window(0, 100_000)
    finally:
        reader.close()


def test_a_rebuild_finds_the_same_and_another_person_is_untouched(town: Town) -> None:
    town.project()
    before = views_of(town.url, town.ann)
    town.erase(town.zeb)
    town.project()
    rebuilt = rebuild(town.url, town.reading, comparing=True)
    assert rebuilt.differences == ()
    assert views_of(town.url, town.ann) == before
    assert town.vault.of(town.ann.book_id) is not None


def views_of(url: str, who: Scenario) -> list[str]:
    """Everything that the worded read models hold of a person's book."""
    with psycopg.connect(url) as connection:
        return [
            str(row)
            for table in ("accounts", "books", "members", "transactions", "assertions")
            for row in connection.execute(
                sql.SQL("SELECT t::text FROM {} AS t WHERE book_id = %s ORDER BY 1").format(
                    sql.Identifier("views", table)
                ),
                [who.book_id],
            )
        ]


def test_the_address_is_free_again(town: Town) -> None:
    town.erase(town.zeb)
    book = Scenario(town.writer.handle_sync, name="another zeb")
    again = {"email": WORDS[1], "password": "$argon2id$", "display_name": "Z"}
    book.do(RegisterUser, **again, currency="USD", time_zone="UTC", book_id=derived_id("home", "other"))
    assert town.wrong() == []


def test_nothing_can_be_written_in_the_forgotten_book_any_more(town: Town) -> None:
    town.erase(town.zeb)
    with pytest.raises(Unknown):
        town.zeb.post(fields={"text": {"payee": "late"}}, savings=-1, food=1)
    with pytest.raises(Unknown):
        town.zeb.do(AmendUser, display_name="late")


def test_who_thinks_better_of_it_stays(town: Town) -> None:
    town.ask_erasure(town.zeb)
    town.turn(days=13)
    town.zeb.do(CancelErasure)
    town.turn(days=14)
    town.turn(days=14)
    assert town.vault.of(town.zeb.actor_id) is not None
    assert not [f for f in recorded(town) if f.topic in ("user.erased", "book.erased")]


def test_nobody_is_erased_before_their_time_whatever_the_read_model_says(town: Town) -> None:
    town.ask_erasure(town.zeb)
    town.zeb.refuses(NotDue, EraseUser, user_id=town.zeb.actor_id, books=())
    town.zeb.refuses(NotDue, EraseBook, user_id=town.zeb.actor_id)
    town.ann.refuses(NotDue, EraseUser, user_id=town.ann.actor_id, books=())
    town.now += dt.timedelta(days=14)
    town.ann.now = town.now
    town.ann.refuses(Unknown, EraseBook, user_id=town.zeb.actor_id)


@pytest.mark.parametrize("step", ["forget", "rebuild", "rewrite", "cleared"])
def test_a_crash_between_the_steps_is_made_good_at_the_next_turn(
    town: Town, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ConnectionError("on purpose")

    where: dict[str, object] = {
        "forget": Vault,
        "rebuild": erase_people,
        "rewrite": Traces,
        "cleared": Traces,
    }
    town.ask_erasure(town.zeb, days=0)
    with monkeypatch.context() as broken:
        broken.setattr(where[step], step, crash)
        for _ in range(2):
            with suppress(ConnectionError):
                town.turn()
            time.sleep(HEARD_WITHIN + 0.1)
    for _ in range(2):
        town.turn()
        time.sleep(HEARD_WITHIN + 0.1)
    assert rows_with(town.server, town.url, WORDS) == []
    assert files_with(town.server, plain(WORDS)) == []
    assert town.wrong() == []
    assert len([f for f in recorded(town) if f.topic == "user.erased"]) == 1


def test_a_rebuild_that_runs_already_is_waited_for(town: Town) -> None:
    town.ask_erasure(town.zeb, days=0)
    town.turn()
    time.sleep(HEARD_WITHIN + 0.1)
    with tables.connect(town.url, tables.LIVE) as other:
        assert tables.try_lock(other, tables.REBUILDING)
        town.turn()
        left = Traces(town.url).due(dt.timedelta(0), dt.timedelta(0))
        assert [who for who, _ in left] == [town.zeb.actor_id]
        assert town.zeb.book_id in left[0][1]
    town.turn()
    assert Traces(town.url).due(dt.timedelta(0), dt.timedelta(0)) == []


def test_without_read_models_nothing_is_due(town: Town) -> None:
    town.ask_erasure(town.zeb, days=0)
    town.job()
    assert not [f for f in recorded(town) if f.topic == "user.erased"]


def test_invitations_to_them_and_to_their_books_go_with_them(town: Town) -> None:
    ann, zeb = town.ann, town.zeb
    for who, email in ((ann, "kept-1@kept.example"), (zeb, WORDS[1])):
        who.do(VerifyEmail, email=email)
    for who, email in ((ann, WORDS[1]), (ann, "somebody@else.example"), (zeb, "Guest.Umbrella@bank.example")):
        who.do(Invite, invitation_id=who.fresh(), email=email, role="viewer", message="Umbrella bank")
    reactor = Reactor(town.url, town.vault, InvitationWords(town.vault), clock=lambda: town.now)
    town.ask_erasure(zeb)
    town.turn()
    town.turn(days=14)
    reactor()
    time.sleep(HEARD_WITHIN + 0.1)
    town.turn()
    invited = [f for f in recorded(town) if f.topic == "invitation.sent"]
    assert [f.fact.text.get("email") for f in invited] == [None, "somebody@else.example", None]
    assert rows_with(town.server, town.url, (WORDS[1], "Guest.Umbrella")) == []
    assert town.wrong() == []
