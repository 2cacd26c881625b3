"""People are told of changes to their second factors, and when somebody guesses at them."""

from collections.abc import Iterator

import pytest

from ledger.factors.commands import (
    ConfirmTotp,
    MakeRecoveryCodes,
    OfferTotp,
    RemoveTotp,
    UseRecoveryCode,
    UseTotp,
)
from tests.scheduler.test_letters import MONTH, World


@pytest.fixture
def world(database: str) -> Iterator[World]:
    world = World(database)
    yield world
    world.writer.stop()
    world.reactor.close()
    world.vault.close()


def test_whose_second_factors_change_or_are_guessed_at_is_told(world: World) -> None:
    world.register()
    world.letters()
    home, totp_id = {"book_id": world.book.fresh()}, world.book.fresh()
    until = world.now + MONTH
    world.do(OfferTotp, **home, totp_id=totp_id, secret="A" * 32, expires_at=until, proved=False)
    assert world.subjects() == []
    world.do(ConfirmTotp, **home, totp_id=totp_id, steps=(1,))
    world.do(MakeRecoveryCodes, **home, digests=(b"one", b"two"), proved=True)
    assert world.subjects() == ["How you sign in was changed", "You have new recovery codes"]
    world.do(UseTotp, **home, totp_id=totp_id, steps=(2,))
    assert world.subjects() == []
    for _ in range(8):
        world.later(hours=2)
        world.do(UseTotp, **home, totp_id=totp_id, steps=())
    assert world.subjects() == ["Wrong codes were sent for your account"]
    world.later(hours=2)
    world.do(UseRecoveryCode, **home, digest=b"one")
    (letter,) = world.letters()
    assert letter.subject == "A recovery code was used"
    assert "1 left" in letter.text
    world.do(UseRecoveryCode, **home, digest=b"two")
    assert "the last one" in world.letters()[0].text
    world.do(RemoveTotp, **home, proved=True)
    assert world.subjects() == ["How you sign in was changed"]
