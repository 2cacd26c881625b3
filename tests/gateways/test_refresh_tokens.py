"""Refresh tokens: what was never given out is recognised without asking anybody."""

import hmac
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.refresh_tokens import PREFIX, RefreshTokens, digest
from gateways.tokens import InvalidToken

SESSION = uuid4()


def made(secret: bytes = b"secret") -> RefreshTokens:
    return RefreshTokens(lambda purpose, message: hmac.digest(secret, purpose + message, "sha256"))


def test_a_token_says_its_session_and_generation() -> None:
    tokens = made()
    for generation in (0, 1, 2**32 - 1):
        token = tokens.issue(SESSION, generation)
        assert tokens.read(token) == (SESSION, generation, digest(token))
        assert token == tokens.issue(SESSION, generation)
        assert token != tokens.issue(uuid4(), generation)


def test_a_token_of_another_installation_is_refused() -> None:
    with pytest.raises(InvalidToken):
        made().read(made(b"other").issue(SESSION, 0))


@given(st.integers(0, len(made().issue(SESSION, 3)) - 1), st.characters(codec="latin-1"))
def test_a_token_with_another_character_is_refused_or_means_the_same(place: int, character: str) -> None:
    tokens = made()
    token = tokens.issue(SESSION, 3)
    changed = token[:place] + character + token[place + 1 :]
    try:
        shown = tokens.read(changed)
    except InvalidToken:
        return
    # The last character holds bits that mean nothing.
    assert shown == tokens.read(token)
    assert changed[:-1] == token[:-1]


@given(st.text() | st.text().map(lambda text: PREFIX + text))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        made().read(text)
