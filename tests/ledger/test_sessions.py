"""Sessions: opened, exchanged, ended; one token in two hands ends them."""

import datetime as dt
from collections.abc import Callable
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ledger.entities import fold
from ledger.identity.commands import AmendUser, RegisterUser
from ledger.identity.user import User
from ledger.record import Fact
from ledger.sessions.commands import (
    RETRY,
    EndSession,
    EndSessions,
    OpenSession,
    RefreshSession,
    SessionOver,
    StepUpSession,
    UnknownSession,
)
from ledger.sessions.events import SessionEnded, SessionSteppedUp
from ledger.sessions.session import Session, SessionUnreadable, evolve
from tests.support.scenario import Scenario

MONTH = dt.timedelta(days=30)


def token(session_id: UUID, generation: int) -> bytes:
    return sha256(session_id.bytes + bytes([generation])).digest()


class Device:
    """Somebody's client, which exchanges tokens as it is told."""

    def __init__(self, book: Scenario, user_id: UUID) -> None:
        self.book, self.user_id, self.id = book, user_id, book.fresh()
        self._do(OpenSession, methods=("pwd",), digest=token(self.id, 0), expires_at=book.now + MONTH)

    def refresh(self, generation: int) -> list[Fact]:
        """Shows the token after so many exchanges; what came of it."""
        return self._do(
            RefreshSession,
            shown=token(self.id, generation),
            following=token(self.id, generation + 1),
            expires_at=self.book.now + MONTH,
        )

    def step_up(self, actor_id: UUID | None = None) -> list[Fact]:
        return self._do(StepUpSession, methods=("otp", "mfa"), actor_id=actor_id or self.user_id)

    def end(self, actor_id: UUID | None = None) -> list[Fact]:
        return self._do(EndSession, reason="signed_out", actor_id=actor_id or self.user_id)

    @property
    def admitted(self) -> bool:
        session, user = (self._folded(stream_id) for stream_id in (self.id, self.user_id))
        assert isinstance(session, Session)
        assert isinstance(user, User)
        return session.admits(user)

    def _folded(self, stream_id: UUID) -> object:
        return fold(r for r in self.book.ledger.record if r.stream_id == stream_id)

    def _do(self, kind: type, **fields: object) -> list[Fact]:
        fields = {"actor_id": self.user_id, "book_id": self.user_id, "session_id": self.id} | fields
        return [recorded.fact for recorded in self.book.do(kind, **fields).facts]


@pytest.fixture
def book() -> Scenario:
    return Scenario()


@pytest.fixture
def ada(book: Scenario) -> Callable[[], Device]:
    user_id = register(book)
    return lambda: Device(book, user_id)


def register(book: Scenario) -> UUID:
    user_id = book.fresh()
    book.do(
        RegisterUser,
        actor_id=user_id,
        book_id=book.fresh(),
        email=f"{user_id}@example.org",
        password="$argon2id$",
        display_name="Ada",
        currency="EUR",
        time_zone="UTC",
    )
    return user_id


def everywhere(book: Scenario, device: Device, kept: UUID | None = None) -> None:
    book.do(EndSessions, actor_id=device.user_id, kept=kept)


def test_a_token_is_exchanged_for_the_next(ada: Callable[[], Device]) -> None:
    device = ada()
    for generation in range(3):
        (fact,) = device.refresh(generation)
        assert fact.topic == "session.refreshed"
    assert device.admitted


def test_a_client_that_missed_the_answer_asks_again_within_seconds(
    ada: Callable[[], Device], book: Scenario
) -> None:
    device = ada()
    device.refresh(0)
    book.now += RETRY
    assert device.refresh(0) == []
    assert [fact.topic for fact in device.refresh(1)] == ["session.refreshed"]


def test_a_token_that_was_exchanged_before_ends_the_session(
    ada: Callable[[], Device], book: Scenario
) -> None:
    device, other = ada(), ada()
    device.refresh(0)
    book.now += RETRY + dt.timedelta(microseconds=1)
    assert device.refresh(0) == [SessionEnded(reason="reused")]
    assert not device.admitted
    assert other.admitted
    with pytest.raises(SessionOver):
        device.refresh(1)


def test_a_token_of_two_exchanges_ago_is_never_a_retry(ada: Callable[[], Device]) -> None:
    device = ada()
    device.refresh(0)
    device.refresh(1)
    assert device.refresh(0) == [SessionEnded(reason="reused")]


def test_a_session_that_is_not_used_expires(ada: Callable[[], Device], book: Scenario) -> None:
    device = ada()
    book.now += MONTH - dt.timedelta(seconds=1)
    device.refresh(0)
    book.now += MONTH
    with pytest.raises(SessionOver, match="too long"):
        device.refresh(1)


def test_a_session_that_is_used_daily_ends_some_day(ada: Callable[[], Device], book: Scenario) -> None:
    device = ada()
    for generation in range(179):
        book.now += dt.timedelta(days=1)
        device.refresh(generation)
    book.now += dt.timedelta(days=1)
    with pytest.raises(SessionOver):
        device.refresh(179)


def test_a_session_is_stepped_up_by_its_own_person_while_it_lasts(
    ada: Callable[[], Device], book: Scenario
) -> None:
    device, stranger = ada(), register(book)
    with pytest.raises(SessionOver):
        device.step_up(actor_id=stranger)
    book.now += dt.timedelta(days=100)
    (fact,) = device.step_up()
    assert isinstance(fact, SessionSteppedUp)
    assert (fact.methods, fact.proved_at) == (("otp", "mfa"), book.now)
    device.end()
    with pytest.raises(SessionOver):
        device.step_up()


def test_a_session_ends_once(ada: Callable[[], Device]) -> None:
    device = ada()
    assert len(device.end()) == 1
    assert device.end() == []
    assert not device.admitted


def test_a_session_of_somebody_else_is_unknown(ada: Callable[[], Device], book: Scenario) -> None:
    device, stranger = ada(), register(book)
    with pytest.raises(UnknownSession):
        device.end(actor_id=stranger)
    with pytest.raises(UnknownSession):
        book.do(EndSession, session_id=uuid4(), reason="revoked", actor_id=stranger)
    assert device.admitted


def test_signing_out_everywhere_may_leave_one(ada: Callable[[], Device], book: Scenario) -> None:
    first, second, third = ada(), ada(), ada()
    everywhere(book, first, kept=second.id)
    assert [first.admitted, second.admitted, third.admitted] == [False, True, False]
    later = ada()
    assert later.admitted
    everywhere(book, later, kept=later.id)
    assert [second.admitted, later.admitted] == [False, True]
    everywhere(book, later)
    assert not later.admitted
    assert ada().admitted


def test_a_new_password_signs_out_everywhere_else(ada: Callable[[], Device], book: Scenario) -> None:
    here, there = ada(), ada()
    book.do(AmendUser, actor_id=here.user_id, password="$argon2id$new", session_id=here.id)
    assert [here.admitted, there.admitted] == [True, False]


def test_who_is_signed_out_everywhere_while_signing_in_is_not_let_in(
    ada: Callable[[], Device], book: Scenario
) -> None:
    device = ada()
    everywhere(book, device)
    opening = {"methods": ("pwd",), "digest": b"", "expires_at": book.now + MONTH}
    with pytest.raises(SessionOver):
        device._do(OpenSession, session_id=book.fresh(), epoch=0, **opening)
    device._do(OpenSession, session_id=book.fresh(), epoch=1, **opening)


def test_nobody_unknown_signs_in(book: Scenario) -> None:
    with pytest.raises(SessionOver):
        Device(book, uuid4())
    with pytest.raises(SessionOver):
        book.do(EndSessions, actor_id=uuid4())


def test_facts_that_do_not_follow_from_each_other_are_refused() -> None:
    with pytest.raises(SessionUnreadable):
        evolve(None, SessionEnded(reason="revoked"), uuid4(), uuid4())


class Hands(RuleBasedStateMachine):
    """Two hands hold tokens of one session, one stole them: they never both go on for longer than a retry."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Scenario()
        self.device = Device(self.book, register(self.book))
        self.held = {"owner": 0, "thief": 0}

    @rule(who=st.sampled_from(["owner", "thief"]), after=st.integers(0, 25))
    def refresh(self, who: str, after: int) -> None:
        self.book.now += dt.timedelta(seconds=after)
        try:
            facts = self.device.refresh(self.held[who])
        except SessionOver:
            return
        if not any(isinstance(fact, SessionEnded) for fact in facts):
            self.held[who] += 1

    def teardown(self) -> None:
        if self.device.admitted and self.held["owner"] != self.held["thief"]:
            self.book.now += RETRY * 2
            behind = min(self.held, key=self.held.__getitem__)
            self.device.refresh(self.held[behind])
            assert not self.device.admitted


TestHands = Hands.TestCase
