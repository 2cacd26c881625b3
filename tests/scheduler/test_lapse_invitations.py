"""Invitations that nobody accepted are withdrawn some time after their end, and never before."""

import datetime as dt
from collections.abc import Iterator

import pytest

from gateways.vault import Vault
from ledger.identity.commands import RegisterUser
from ledger.invitations.commands import GOOD_FOR, Invite
from ledger.mailbox.commands import VerifyEmail
from ledger.writer import Writer
from projections.projector import Projector
from projections.verify import verify
from scheduler.jobs.lapse_invitations import LapseInvitations
from tests.support.scenario import Scenario

MASTER = bytes(range(32))
KEPT = dt.timedelta(days=30)


class World:
    """Somebody's book with invitations, and the job with a clock that is set by hand."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.vault, self.reading = Vault(url, MASTER), Vault(url, MASTER, role="numina_projector")
        self.writer = Writer(url, self.vault)
        self.writer.start()
        self.book = Scenario(self.writer.handle_sync)
        self.now = self.book.now
        who = {"email": "ada@example.org", "password": "$argon2id$", "display_name": "Ada"}
        self.book.do(RegisterUser, **who, currency="EUR", time_zone="UTC", book_id=self.book.fresh())
        self.book.do(VerifyEmail, email="ada@example.org", book_id=self.book.fresh())
        self.job = LapseInvitations(url, self.writer, kept=KEPT, clock=lambda: self.now)

    def invite(self, email: str) -> None:
        self.book.do(Invite, invitation_id=self.book.fresh(), email=email, role="viewer")

    def later(self, time: dt.timedelta) -> "World":
        self.now = self.book.now = self.now + time
        Projector(self.url, self.reading).catch_up()
        return self


@pytest.fixture
def world(database: str) -> Iterator[World]:
    made = World(database)
    yield made
    made.writer.stop()
    made.vault.close()
    made.reading.close()


def test_without_read_models_nothing_is_due(world: World) -> None:
    assert world.job() == 0


def test_invitations_lapse_some_time_after_their_end_and_once(world: World) -> None:
    world.invite("bob@example.org")
    world.later(dt.timedelta(days=3)).invite("eve@example.org")
    assert world.later(GOOD_FOR + KEPT - dt.timedelta(days=3, microseconds=1)).job() == 0
    assert world.later(dt.timedelta(microseconds=1)).job() == 1
    assert world.job() == 0, "although it is not projected yet"
    assert world.later(dt.timedelta(days=3)).job() == 1
    assert verify(world.url, world.reading).mismatches == ()
