"""People are written to about what they asked for, and about what was done in their name."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gateways.mail import Message, Unreachable, Unsendable, Unsent
from gateways.mail_tokens import MailTokens
from gateways.outbox import Outbox
from gateways.smtp import Server, Smtp
from ledger.identity.commands import AmendUser, RehashPassword
from ledger.invitations.commands import Invite, WithdrawInvitation
from ledger.mailbox.commands import (
    AskEmailChange,
    AskReset,
    AskVerification,
    ConfirmEmailChange,
    ResetPassword,
    VerifyEmail,
)
from ledger.record import topics
from ledger.sessions.commands import EndSession, RefreshSession
from projections.rebuild import rebuild
from scheduler.letters.letter import Letter, Link
from scheduler.letters.writers import WRITERS, writer_of
from tests.support.letters import MONTH, SENDER, URL, Post, World
from tests.support.mail_server import Letterbox, MailServer
from tests.support.scenario import NOON


@pytest.fixture
def world(database: str) -> Iterator[World]:
    world = World(database)
    yield world
    world.writer.stop()
    world.reactor.close()
    world.vault.close()


def token(message: Message) -> str:
    return message.text.split("#")[1].split()[0]


def test_who_registers_is_asked_whether_the_address_is_theirs(world: World) -> None:
    world.register()
    (letter,) = world.letters()
    assert (letter.to, letter.subject) == ("Ada@example.org", "Confirm your address")
    assert f"{URL}/letters/verify#numina_m_" in letter.text
    assert f'href="{URL}/letters/verify#numina_m_' in letter.html
    tokens = MailTokens(world.vault.mac)
    shown = tokens.read(token(letter))
    assert (shown.purpose, shown.user_id) == ("verify", world.ada)
    assert tokens.made(shown, "Ada@example.org")
    # Who registers somebody else's address has them write nothing.
    assert "evil" not in letter.text + letter.html


def test_who_is_verified_meanwhile_is_not_asked(world: World) -> None:
    world.register()
    world.do(VerifyEmail, email="Ada@example.org")
    world.do(AskVerification)
    assert world.letters() == []


def test_another_letter_is_sent_to_who_asks(world: World) -> None:
    world.register()
    world.letters()
    world.do(AskVerification)
    (letter,) = world.letters()
    assert MailTokens(world.vault.mac).read(token(letter)).asked_at == world.now
    world.do(AskVerification)
    world.later(days=8)
    assert world.letters() == []


def test_another_address_is_asked_and_the_one_before_told(world: World) -> None:
    world.register()
    world.do(AskEmailChange, email="new@example.org")
    _, letter = world.letters()
    assert letter.to == "new@example.org"
    shown = MailTokens(world.vault.mac).read(token(letter))
    assert (shown.purpose, shown.asked_at) == ("change", world.now)
    world.do(ConfirmEmailChange, email="new@example.org", asked_at=shown.asked_at)
    (letter,) = world.letters()
    assert (letter.to, letter.subject) == ("Ada@example.org", "Your account has another address")
    world.do(AskEmailChange, email="newer@example.org")
    world.later(days=2)
    assert world.letters() == []


def test_a_reset_is_mailed_and_its_use_told(world: World) -> None:
    world.register()
    world.letters()
    world.do(AskReset)
    (letter,) = world.letters()
    shown = MailTokens(world.vault.mac).read(token(letter))
    assert (letter.to, shown.purpose) == ("Ada@example.org", "reset")
    assert "/letters/reset#" in letter.text
    world.do(ResetPassword, asked_at=shown.asked_at, password="$argon2id$new")
    assert world.subjects() == ["Your password was changed"]
    world.do(AskReset)
    world.later(minutes=31)
    assert world.letters() == []


def test_who_changes_their_password_is_told(world: World) -> None:
    world.register()
    world.do(AmendUser, password="$argon2id$second")
    world.do(RehashPassword, old="$argon2id$second", new="$argon2id$dearer")
    assert world.subjects()[1:] == ["Your password was changed"]


def test_a_sign_in_on_a_new_device_is_told_and_no_other(world: World) -> None:
    world.register()
    world.letters()
    world.sign_in("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0")
    assert world.subjects() == []
    world.sign_in("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Firefox/131.0")
    assert world.subjects() == []
    world.sign_in('curl/8 https://evil.example/?x="<b>')
    (letter,) = world.letters()
    assert letter.subject == "A new sign-in"
    assert "198.51.100.0/24" in letter.text
    assert "https" not in letter.text.partition("calls itself")[2].replace("https evil", "")
    assert "<b>" not in letter.html
    assert "01 March 2026" not in letter.text or "(UTC)" in letter.text


def test_a_sign_in_that_is_not_projected_yet_is_told_later(world: World) -> None:
    world.register()
    world.letters()
    del world.post.sent[:]
    for device in ("one", "two"):
        world.sign_in(device)
    world.reactor()
    assert world.post.sent == []
    world.later(seconds=6)
    assert world.subjects() == ["A new sign-in"]


def test_a_token_in_two_hands_is_told_and_signing_out_is_not(world: World) -> None:
    world.register()
    world.letters()
    stolen, other = world.sign_in("one"), world.sign_in("one")
    world.do(EndSession, book_id=world.ada, session_id=other, reason="signed_out")
    refreshed = {"shown": bytes(32), "following": b"1" * 32, "expires_at": world.now + MONTH}
    world.do(RefreshSession, book_id=world.ada, session_id=stolen, **refreshed)
    world.later(minutes=1)
    world.do(RefreshSession, book_id=world.ada, session_id=stolen, **refreshed)
    assert world.subjects() == ["A session of yours was ended"]


def test_a_letter_that_is_refused_for_good_is_set_aside_without_a_word_of_anybody(world: World) -> None:
    world.register()
    world.post.fails = Unsendable("the mail server refuses it (550)")
    assert world.letters() == []
    with psycopg.connect(world.url) as connection:
        (row,) = connection.execute("SELECT tries, reason FROM reactions.trials").fetchall()
    assert row == (1, "the mail server refuses it (550)")


@pytest.mark.parametrize("failure", [Unsent("not yet (450)"), Unreachable("gone")])
def test_a_letter_that_is_not_taken_is_sent_later_as_the_same(world: World, failure: Exception) -> None:
    world.register()
    world.post.fails = failure
    world.letters()
    world.post.fails = None
    assert world.letters() == []
    world.later(seconds=6)
    (letter,) = world.letters()
    assert (letter.subject, letter.at) == ("Confirm your address", NOON)


def test_a_crash_after_sending_sends_the_same_letter_again(world: World, tmp_path: Path) -> None:
    """A mail server sees one Message-ID twice; an outbox has one file."""
    world.register()
    box, outbox = Letterbox(), Outbox(tmp_path, SENDER)
    with MailServer(box) as server:
        smtp = Smtp(Server.of(f"smtp://127.0.0.1:{server.port}"), SENDER)

        class Dying(Post):
            def send(self, message: Message) -> None:
                smtp.send(message)
                outbox.send(message)
                super().send(message)
                raise SystemExit

        dying = world.reacting(Dying())
        for _ in range(2):
            with pytest.raises(SystemExit):
                dying()
            dying.close()
    assert len(box.ids) == 2
    assert len(set(box.ids)) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_server_that_greylists_takes_it_in_the_end(world: World) -> None:
    world.register()
    box = Letterbox()
    with MailServer(box) as server:
        reactor = world.reacting(Smtp(Server.of(f"smtp://127.0.0.1:{server.port}"), SENDER, seconds=2))
        box.answer = "450 4.2.0 <{address}> greylisted"
        assert reactor() == 0
        box.answer, box.hangs = None, True
        world.later(seconds=6)
        assert reactor() == 0
        box.hangs = False
        world.later(minutes=1)
        assert reactor() == 1
        reactor.close()
    assert len(box.taken) == 1


def test_a_rebuild_writes_to_nobody(world: World) -> None:
    world.register()
    assert len(world.letters()) == 1
    rebuild(world.url, world.vault)
    assert world.letters() == []


def test_nobody_is_written_to_about_what_was_before_there_was_mail(world: World) -> None:
    """An upgrade of an old record begins at its head, as the migration notes."""
    world.register()
    with psycopg.connect(world.url) as connection:
        connection.execute("DELETE FROM reactions.positions")
        connection.execute("INSERT INTO reactions.positions SELECT 'letters', position FROM record.head")
    assert world.letters() == []


def test_who_is_erased_is_not_written_to(world: World) -> None:
    world.register()
    world.do(AskReset)
    world.do(AmendUser, password="$argon2id$second")
    world.sign_in("one")
    world.sign_in("two")
    world.vault.destroy(world.ada)
    assert world.letters() == []


def test_who_is_invited_is_told_by_whom_and_nothing_more(world: World) -> None:
    world.register()
    invitation = {"invitation_id": world.book.fresh(), "role": "viewer"}
    home = {"book_id": world.book.begun[-1][0].book_id}
    world.do(VerifyEmail, email="Ada@example.org", **home)
    world.do(Invite, email="bob@example.org", message="Win at https://evil.example", **invitation, **home)
    (letter,) = world.letters()
    assert letter.to == "bob@example.org"
    assert "Ada@example.org invites you" in letter.text
    assert "evil" not in letter.text
    assert "it is numina_i_" in letter.text
    assert letter.html.count("<p>") == 5
    later = {"invitation_id": world.book.fresh(), "role": "viewer"}
    world.do(Invite, email="eve@example.org", message="", **later, **home)
    world.do(WithdrawInvitation, invitation_id=later["invitation_id"], **home)
    assert world.letters() == []


def test_every_letter_has_a_fact_that_there_is() -> None:
    known = set(topics())
    for pattern in WRITERS:
        assert pattern in known or any(topic.startswith(pattern.removesuffix("*")) for topic in known), (
            pattern
        )
    assert writer_of("user.registered/2") is WRITERS["user.registered"]
    assert writer_of("user.passkey_added") is WRITERS["user.passkey_*"]
    assert writer_of("user.renamed") is None


def test_a_letter_says_the_same_as_text_and_as_html() -> None:
    letter = Letter(
        "a@example.org", "<Subject>", ("Tom & Jerry", Link("https://x.example/#a&b", "Press <here>"))
    )
    assert letter.text == "Tom & Jerry\n\nPress <here>:\nhttps://x.example/#a&b\n\nNumina\n"
    assert '<a href="https://x.example/#a&amp;b">Press &lt;here&gt;</a>' in letter.html
    assert "<title>&lt;Subject&gt;</title>" in letter.html
    assert "<p>Tom &amp; Jerry</p>" in letter.html
