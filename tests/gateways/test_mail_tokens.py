"""A token out of a letter proves that the letter was read, for one purpose, one person and one address."""

import datetime as dt
import hmac
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateways.mail_tokens import PREFIX, MailTokens
from gateways.tokens import InvalidToken

ADA = "ada@example.org"
INSTANT = dt.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
USER = uuid4()


def tokens(key: bytes = b"k" * 32) -> MailTokens:
    return MailTokens(lambda purpose, text: hmac.digest(key, purpose + text, "sha256"))


instants = st.integers(0, 2**52).map(lambda n: INSTANT + dt.timedelta(microseconds=n))


@given(st.sampled_from(["verify", "change", "reset"]), st.uuids(), st.text(max_size=50), instants)
def test_a_token_says_what_it_was_made_of(purpose: Any, user: UUID, address: str, at: dt.datetime) -> None:
    token = tokens().issue(purpose, user, address, at)
    shown = tokens().read(token)
    assert (shown.purpose, shown.user_id, shown.asked_at) == (purpose, user, at)
    assert tokens().made(shown, address)
    assert token.removeprefix(PREFIX).replace("-", "").replace("_", "").isalnum()


def test_a_token_is_good_for_nothing_else() -> None:
    made = tokens().issue("verify", USER, ADA, INSTANT)
    shown = tokens().read(made)
    assert not tokens().made(shown, "bob@example.org")
    assert not tokens(b"x" * 32).made(shown, ADA)
    assert not tokens().made(shown._replace(purpose="reset"), ADA)
    assert not tokens().made(shown._replace(user_id=uuid4()), ADA)
    assert not tokens().made(shown._replace(asked_at=INSTANT + dt.timedelta(microseconds=1)), ADA)
    assert not tokens().made(shown._replace(code=bytes(32)), ADA)


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "A", lambda t: "x" + t[1:], lambda t: ""])
def test_text_that_is_no_token_is_refused(change: Any) -> None:
    with pytest.raises(InvalidToken):
        tokens().read(change(tokens().issue("verify", USER, ADA, INSTANT)))


@given(st.text(alphabet="ABCXYZabc012-_=!é\x00", min_size=76, max_size=76))
@example("AAAA" + "!" * 72)
def test_text_of_the_right_length_is_refused_or_not_believed(text: str) -> None:
    try:
        shown = tokens().read(PREFIX + text)
    except InvalidToken:
        return
    assert not tokens().made(shown, ADA)
