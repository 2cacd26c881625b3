"""What the letter of an invitation bears is good for that invitation alone."""

import hmac
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateways.invitation_tokens import PREFIX, InvitationTokens
from gateways.tokens import InvalidToken


def tokens(key: bytes = b"k" * 32) -> InvitationTokens:
    return InvitationTokens(lambda purpose, text: hmac.digest(key, purpose + text, "sha256"))


@given(st.uuids())
def test_a_token_names_its_invitation(invitation_id: UUID) -> None:
    assert tokens().read(tokens().issue(invitation_id)) == invitation_id


def test_a_token_of_elsewhere_is_refused() -> None:
    with pytest.raises(InvalidToken):
        tokens(b"x" * 32).read(tokens().issue(uuid4()))


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "A", lambda t: "x" + t[1:], lambda t: ""])
def test_text_that_is_no_token_is_refused(change: Any) -> None:
    with pytest.raises(InvalidToken):
        tokens().read(change(tokens().issue(uuid4())))


@given(st.text(alphabet="ABCXYZabc012-_=!\x00é", min_size=64, max_size=64))
@example("!" * 64)
@example("A" * 60 + "====")
def test_text_of_the_right_length_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        tokens().read(PREFIX + text)
