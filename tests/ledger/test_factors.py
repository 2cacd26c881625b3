"""Second factors as facts: each step of an app once, each recovery code once, guessing slowed down, and nothing that
was not confirmed demanded of anybody."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.factors.commands import (
    ConfirmTotp,
    MakeRecoveryCodes,
    OfferTotp,
    RemoveTotp,
    UseRecoveryCode,
    UseTotp,
)
from ledger.factors.events import (
    UserFactorFailed,
    UserRecoveryCodeUsed,
    UserTotpConfirmed,
    UserTotpOffered,
    UserTotpUsed,
)
from ledger.factors.factors import Factors, evolve
from ledger.factors.guessing import FIRST_PAUSE, FORGOTTEN_AFTER, FREE, LONGEST_PAUSE, failed
from ledger.factors.refusals import FactorProofNeeded, NoTotp, NoTotpOffered, TooManyCodes
from ledger.identity.commands import RegisterUser
from ledger.identity.user import User, reclaimed
from ledger.ids import derived_id
from ledger.refusals import Unknown
from ledger.undo.commands import UndoCommand
from ledger.undo.refusals import NotUndoable
from tests.support.scenario import NOON, Scenario

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HOUR = dt.timedelta(hours=1)


class Owner:
    """Somebody with a home book, whose factors these are."""

    def __init__(self, book: Scenario, name: str = "ada") -> None:
        self.book = book
        self.user_id, self.home = derived_id("owner", name), derived_id("home of", name)
        self.do(
            RegisterUser,
            email=f"{name}@example.com",
            password="$argon2id$",
            display_name=name,
            currency="EUR",
            time_zone="UTC",
        )

    @property
    def user(self) -> User:
        user = self.book.ledger.state.entity(User, self.user_id)
        assert isinstance(user, User)
        return user

    def do(self, kind: Any, **fields: Any) -> Any:
        outcome = self.book.do(kind, actor_id=self.user_id, book_id=self.home, **fields)
        return outcome.facts[0].fact

    def refused(self, refusal: Any, kind: Any, **fields: Any) -> Any:
        return self.book.refuses(refusal, kind, actor_id=self.user_id, book_id=self.home, **fields)

    def offer(self, secret: str = SECRET, proved: bool = False) -> UUID:
        totp_id = self.book.fresh()
        until = self.book.now + HOUR
        self.do(OfferTotp, totp_id=totp_id, secret=secret, expires_at=until, proved=proved)
        return totp_id

    def enrol(self, step: int = 100) -> UUID:
        totp_id = self.offer()
        assert isinstance(self.do(ConfirmTotp, totp_id=totp_id, steps=(step,)), UserTotpConfirmed)
        return totp_id

    def codes(self, *digests: bytes, proved: bool = True) -> None:
        self.do(MakeRecoveryCodes, digests=digests, proved=proved)

    def use(self, totp_id: UUID, *steps: int) -> Any:
        return self.do(UseTotp, totp_id=totp_id, steps=steps)

    def fail(self, totp_id: UUID, times: int) -> None:
        for _ in range(times):
            self.book.now += LONGEST_PAUSE
            assert isinstance(self.use(totp_id), UserFactorFailed)


@pytest.fixture
def ada() -> Owner:
    return Owner(Scenario())


def test_an_offer_demands_nothing_until_it_is_confirmed(ada: Owner) -> None:
    totp_id = ada.offer()
    assert not ada.user.has_second_factor
    assert ada.user.factors.totp is None
    ada.refused(NoTotp, UseTotp, totp_id=totp_id, steps=(100,))
    ada.do(ConfirmTotp, totp_id=totp_id, steps=(100,))
    assert ada.user.has_second_factor
    assert ada.user.factors.totp is not None
    assert ada.user.factors.totp.secret == SECRET
    assert ada.user.factors.offer is None


def test_an_offer_ends(ada: Owner) -> None:
    totp_id = ada.offer()
    ada.book.now += HOUR
    ada.refused(NoTotpOffered, ConfirmTotp, totp_id=totp_id, steps=(100,))


def test_there_is_nothing_to_confirm_twice(ada: Owner) -> None:
    totp_id = ada.enrol()
    ada.refused(NoTotpOffered, ConfirmTotp, totp_id=totp_id, steps=(101,))


def test_a_later_offer_takes_the_place_of_an_earlier_one(ada: Owner) -> None:
    first, second = ada.offer("A" * 32), ada.offer()
    assert isinstance(ada.do(ConfirmTotp, totp_id=first, steps=(100,)), UserFactorFailed)
    assert isinstance(ada.do(ConfirmTotp, totp_id=second, steps=(100,)), UserTotpConfirmed)


def test_the_old_app_is_good_until_the_new_one_is_confirmed(ada: Owner) -> None:
    old = ada.enrol()
    new = ada.offer("B" * 32, proved=True)
    assert isinstance(ada.use(old, 101), UserTotpUsed)
    ada.do(ConfirmTotp, totp_id=new, steps=(50,))
    assert isinstance(ada.use(old, 102), UserFactorFailed)
    assert isinstance(ada.use(new, 51), UserTotpUsed)


def test_the_code_that_confirmed_is_spent(ada: Owner) -> None:
    totp_id = ada.enrol(100)
    assert isinstance(ada.use(totp_id, 100), UserFactorFailed)
    assert isinstance(ada.use(totp_id, 101), UserTotpUsed)


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=25))
def test_no_step_is_ever_accepted_twice_nor_an_earlier_one_after_a_later(
    tries: list[tuple[int, bool]],
) -> None:
    ada = Owner(Scenario())
    totp_id = ada.enrol(0)
    accepted = [0]
    for step, both in tries:
        ada.book.now += LONGEST_PAUSE
        steps = (step, step + 1) if both else (step,)
        fact = ada.use(totp_id, *steps)
        fresh = [each for each in steps if each > accepted[-1]]
        assert isinstance(fact, UserTotpUsed) == bool(fresh)
        if fresh:
            accepted.append(fact.step)
    assert accepted == sorted(set(accepted))


def test_the_fifth_wrong_code_brings_a_pause_that_doubles_up_to_a_bound(ada: Owner) -> None:
    totp_id = ada.enrol()
    pauses = []
    for _ in range(FREE + 14):
        ada.book.now += LONGEST_PAUSE
        fact = ada.use(totp_id)
        pauses.append(fact.paused_until and fact.paused_until - fact.failed_at)
    assert pauses[: FREE - 1] == [None] * (FREE - 1)
    assert pauses[FREE - 1 : FREE + 2] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_in_a_pause_no_code_is_looked_at_not_even_a_right_one(ada: Owner) -> None:
    totp_id = ada.enrol()
    ada.codes(b"one")
    ada.fail(totp_id, FREE)
    told = ada.refused(TooManyCodes, UseTotp, totp_id=totp_id, steps=(101,))
    assert told.facts == {"retry_after": 2}
    ada.refused(TooManyCodes, UseRecoveryCode, digest=b"one")
    ada.offer(proved=True)
    ada.refused(TooManyCodes, ConfirmTotp, totp_id=totp_id, steps=(101,))
    ada.book.now += FIRST_PAUSE
    assert isinstance(ada.use(totp_id, 101), UserTotpUsed)


def test_a_right_code_begins_anew(ada: Owner) -> None:
    totp_id = ada.enrol()
    ada.codes(b"one")
    ada.fail(totp_id, FREE)
    ada.book.now += LONGEST_PAUSE
    assert isinstance(ada.do(UseRecoveryCode, digest=b"one"), UserRecoveryCodeUsed)
    assert ada.use(totp_id).failures == 1


def test_after_a_day_without_a_wrong_code_the_row_begins_anew(ada: Owner) -> None:
    totp_id = ada.enrol()
    ada.fail(totp_id, FREE)
    ada.book.now += FORGOTTEN_AFTER
    assert ada.use(totp_id).failures == 1


@given(st.integers(0, 10_000))
def test_no_pause_is_longer_than_the_longest(failures: int) -> None:
    fact = failed(Factors(failures=failures, failed_at=NOON), "totp", NOON)
    assert fact.paused_until is None or fact.paused_until - NOON <= LONGEST_PAUSE


def test_an_offer_removal_and_codes_leave_the_row_of_wrong_codes_alone(ada: Owner) -> None:
    totp_id = ada.enrol()
    ada.fail(totp_id, FREE)
    ada.codes(b"one")
    ada.offer(proved=True)
    ada.do(RemoveTotp, proved=True)
    assert ada.user.factors.failures == FREE


def test_a_recovery_code_is_good_once(ada: Owner) -> None:
    ada.enrol()
    ada.codes(b"one", b"two")
    assert isinstance(ada.do(UseRecoveryCode, digest=b"one"), UserRecoveryCodeUsed)
    assert isinstance(ada.do(UseRecoveryCode, digest=b"one"), UserFactorFailed)
    assert isinstance(ada.do(UseRecoveryCode, digest=b"two"), UserRecoveryCodeUsed)
    assert ada.user.factors.recovery_codes == ()


def test_new_recovery_codes_end_the_old_ones(ada: Owner) -> None:
    ada.enrol()
    ada.codes(b"one")
    ada.codes(b"two")
    assert isinstance(ada.do(UseRecoveryCode, digest=b"one"), UserFactorFailed)


def test_who_has_a_factor_changes_factors_with_a_proof_of_one_only(ada: Owner) -> None:
    ada.codes(b"before", proved=False)
    ada.enrol()
    until = ada.book.now + HOUR
    offer = {"totp_id": ada.book.fresh(), "secret": "X", "expires_at": until}
    ada.refused(FactorProofNeeded, OfferTotp, **offer, proved=False)
    ada.refused(FactorProofNeeded, MakeRecoveryCodes, digests=(b"mine",), proved=False)
    ada.refused(FactorProofNeeded, RemoveTotp, proved=False)
    assert ada.user.factors.recovery_codes == (b"before",)
    ada.do(RemoveTotp, proved=True)
    assert not ada.user.has_second_factor


def test_a_removed_app_proves_nothing_and_is_not_asked_for(ada: Owner) -> None:
    totp_id = ada.enrol()
    ada.do(RemoveTotp, proved=True)
    ada.refused(NoTotp, UseTotp, totp_id=totp_id, steps=(101,))
    ada.refused(NoTotp, RemoveTotp, proved=True)


def test_nobody_has_no_factors(ada: Owner) -> None:
    ada.book.refuses(Unknown, MakeRecoveryCodes, actor_id=ada.book.fresh(), digests=(), proved=True)


def test_what_was_proved_cannot_be_undone(ada: Owner) -> None:
    ada.enrol()
    ((command, outcome),) = [each for each in ada.book.begun if isinstance(each[0], ConfirmTotp)]
    ada.refused(
        NotUndoable,
        UndoCommand,
        undone_id=command.command_id,
        first=outcome.first,
        last=outcome.last,
    )


def test_of_somebody_forgotten_no_secret_is_left() -> None:
    totp_id = derived_id("forgotten")
    offered = evolve(Factors(), UserTotpOffered(totp_id=totp_id, expires_at=NOON))
    factors = evolve(offered, UserTotpConfirmed(totp_id=totp_id, step=1, confirmed_at=NOON))
    assert factors.totp is not None
    assert factors.totp.secret == ""


def test_who_takes_an_address_back_is_rid_of_a_strangers_factors(ada: Owner) -> None:
    ada.enrol()
    ada.codes(b"one")
    assert reclaimed(ada.user).factors == Factors()
