"""People are told what was done in their name, in case it was not them."""

from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID

import pytest

from ledger.authority.events import UserRoleGranted
from ledger.command import Command, Draft, State
from ledger.factors.events import (
    UserRecoveryCodesMade,
    UserRecoveryCodeUsed,
    UserTotpConfirmed,
    UserTotpOffered,
    UserTotpRemoved,
    UserTotpUsed,
)
from ledger.keys.events import KeyMade, KeyMisused, KeyUsed
from ledger.oidc.events import UserIdentityUnlinked
from ledger.passkeys.events import UserPasskeyRemoved
from ledger.privacy.events import UserErasureAsked, UserErasureCancelled
from ledger.record import Fact
from tests.support.letters import MONTH, World
from tests.support.scenario import NOON


@pytest.fixture
def world(database: str) -> Iterator[World]:
    world = World(database)
    yield world
    world.writer.stop()
    world.reactor.close()
    world.vault.close()


class Say(Command, frozen=True, kw_only=True):
    """Has facts recorded on one stream, as some command of the product would."""

    name: ClassVar[str] = "test.say"

    stream_id: UUID
    facts: tuple[Fact, ...]

    def decide(self, state: State) -> list[Draft]:
        return [Draft(self.stream_id, fact) for fact in self.facts]


TOTP = UUID(int=1)
NOTICES: list[tuple[Fact, str | None]] = [
    (UserTotpOffered(totp_id=TOTP, expires_at=NOON + MONTH), None),
    (UserTotpConfirmed(totp_id=TOTP, step=1, confirmed_at=NOON), "An authenticator app was added"),
    (UserTotpUsed(totp_id=TOTP, step=2, used_at=NOON), None),
    (UserTotpRemoved(totp_id=TOTP), "An authenticator app was removed"),
    (UserRecoveryCodesMade(digests=(b"x" * 32,), made_at=NOON), "New recovery codes were made"),
    (UserRecoveryCodeUsed(digest=b"x" * 32, used_at=NOON), "with a recovery code"),
    (UserPasskeyRemoved(passkey_id=TOTP), "A passkey was removed"),
    (UserIdentityUnlinked(identity_id=TOTP), "An account elsewhere was removed"),
    (UserRoleGranted(role="admin"), "the role admin"),
    (UserErasureAsked(due_at=NOON + MONTH), "31 March 2026"),
]


@pytest.mark.parametrize(("fact", "told"), NOTICES, ids=lambda each: getattr(each, "topic", ""))
def test_what_was_done_in_ones_name_is_told(world: World, fact: Fact, told: str | None) -> None:
    world.register()
    world.letters()
    world.do(Say, stream_id=world.ada, facts=(fact,))
    letters = world.letters()
    assert len(letters) == (told is not None)
    assert all(told in letter.text for letter in letters if told is not None)


def test_what_becomes_of_a_key_is_told(world: World) -> None:
    world.register()
    world.letters()
    made = KeyMade(
        user_id=world.ada, scopes=(), digest=bytes(32), made_at=NOON, text={"name": "https://evil.example"}
    )
    misused = KeyMisused(misused_at=NOON, reason="revoked")
    for facts in ((made,), (KeyUsed(used_at=NOON),), (misused,)):
        world.do(Say, book_id=world.ada, stream_id=UUID(int=7), facts=facts)
    letters = world.letters()
    assert [letter.subject for letter in letters] == ["An API key was made", "An old API key was used"]
    assert "evil" not in "".join(letter.text for letter in letters)


def test_who_thinks_better_of_it_is_not_told_that_they_will_be_forgotten(world: World) -> None:
    world.register()
    world.letters()
    world.do(Say, stream_id=world.ada, facts=(UserErasureAsked(due_at=NOON + MONTH), UserErasureCancelled()))
    assert world.letters() == []
