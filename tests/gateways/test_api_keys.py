"""API keys: whole, recognisable, and never made up by somebody else."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import crc32
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.api_keys import PREFIX, ApiKeys, digest
from gateways.tokens import InvalidToken

KEY_ID = uuid4()


def installation(secret: bytes = b"secret") -> ApiKeys:
    return ApiKeys(lambda purpose, message: hmac.digest(secret, purpose + message, "sha256"))


GIVEN = installation().make(KEY_ID)


def test_a_key_says_its_id_and_is_another_each_time() -> None:
    keys = installation()
    assert keys.read(GIVEN) == (KEY_ID, digest(GIVEN))
    assert len({keys.make(KEY_ID) for _ in range(20)}) == 20


def test_a_scanner_knows_a_key_by_itself() -> None:
    assert re.fullmatch(r"numina_k_[A-Za-z0-9_-]{80}", GIVEN)
    raw = urlsafe_b64decode(GIVEN.removeprefix(PREFIX))
    assert crc32(raw[:-4]).to_bytes(4, "big") == raw[-4:]


@given(st.integers(0, len(GIVEN) - 1), st.characters(codec="latin-1"))
def test_a_key_with_another_character_is_refused(place: int, character: str) -> None:
    changed = GIVEN[:place] + character + GIVEN[place + 1 :]
    if changed != GIVEN:
        with pytest.raises(InvalidToken):
            installation().read(changed)


@given(st.integers(0, len(GIVEN) - 1))
def test_a_key_that_is_cut_short_is_refused(length: int) -> None:
    for cut in (GIVEN[:length], GIVEN[length + 1 :], GIVEN[:length] + "=" * (len(GIVEN) - length)):
        with pytest.raises(InvalidToken):
            installation().read(cut)


@given(st.text() | st.text().map(lambda text: PREFIX + text))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        installation().read(text)


def test_a_key_with_the_right_checksum_alone_was_made_up() -> None:
    body = KEY_ID.bytes + bytes(40)
    made_up = PREFIX + urlsafe_b64encode(body + crc32(body).to_bytes(4, "big")).decode()
    with pytest.raises(InvalidToken, match="not one of this installation"):
        installation().read(made_up)
    with pytest.raises(InvalidToken, match="not one of this installation"):
        installation(b"other").read(GIVEN)
