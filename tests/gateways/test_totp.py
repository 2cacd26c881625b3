"""Codes of authenticator apps: the vectors of RFC 6238, one step to either side and no more, and what apps read."""

import datetime as dt
from base64 import b32decode, b32encode
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.totp import PERIOD, address, code_of, drawing, new_secret, step_of, steps

SECRET = b32encode(b"12345678901234567890").decode()
# RFC 6238, appendix B, SHA-1: the last six of the eight digits, which is what six digits are.
VECTORS = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}


def at(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS.items())
def test_the_vectors_of_the_standard(seconds: int, code: str) -> None:
    assert code_of(SECRET, step_of(at(seconds))) == code
    assert step_of(at(seconds)) in steps(SECRET, code, at(seconds))


@given(st.integers(0, 2**33), st.integers(-5, 5))
def test_a_code_is_known_one_step_to_either_side_and_no_further(seconds: int, away: int) -> None:
    step = step_of(at(seconds)) + away
    if step < 0:
        return
    found = steps(SECRET, code_of(SECRET, step), at(seconds))
    assert (step in found) == (abs(away) <= 1)


def test_the_bounds_are_to_the_second() -> None:
    code, begin = code_of(SECRET, 1000), 1000 * PERIOD
    assert steps(SECRET, code, at(begin - PERIOD)) == (1000,)
    assert steps(SECRET, code, at(begin - PERIOD - 1)) == ()
    assert steps(SECRET, code, at(begin + 2 * PERIOD - 1)) == (1000,)
    assert steps(SECRET, code, at(begin + 2 * PERIOD)) == ()


@given(st.text(max_size=8))
def test_any_other_text_is_no_code(code: str) -> None:
    right = {code_of(SECRET, step) for step in (999, 1000, 1001)}
    assert bool(steps(SECRET, code, at(1000 * PERIOD))) == (code in right)


def test_secrets_are_long_enough_and_different() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(b32decode(secret)) for secret in made} == {20}


@pytest.mark.parametrize("email", ["ada@example.com", "a+b c?&=#/:%@exämple.com", "<script>@example.com"])
def test_the_address_says_whose_it_is_and_nothing_else(email: str) -> None:
    found = urlsplit(address(SECRET, email))
    assert (found.scheme, found.netloc) == ("otpauth", "totp")
    assert parse_qs(found.query) == {"secret": [SECRET], "issuer": ["Numina"]}
    assert not found.fragment


def test_the_drawing_is_an_svg_element() -> None:
    drawn = drawing(address(SECRET, '"><script>alert(1)</script>@example.com'))
    assert ElementTree.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"  # made here
    assert "script" not in drawn
