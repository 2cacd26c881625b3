"""What is guessed first is no password; what nobody guesses is one, whatever it is made of."""

import time

import pytest

from gateways.strength import weakness

ABOUT = ("grace.hopper@navy.example", "Grace Brewster")


@pytest.mark.parametrize(
    "password",
    [
        "password", "Password1", "12345678", "qwertyuiop", "aaaaaaaaaaaa", "P@ssw0rd", "letmein1", "20001231",
        "grace.hopper@navy.example", "gracehopper", "Brewster1", "numina2026", "hopper123", "abcabcabc",
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_weak(password: str) -> None:
    weak = weakness(password, ABOUT)
    assert weak is not None
    assert weak.endswith(".")


@pytest.mark.parametrize(
    "password",
    [
        "a long passphrase",
        "correct horse battery staple",
        "x7$kQ92mVb",
        "ünïcode \t 🔑 and spaces",
        "東京の夜は雨だった",
    ],
)
def test_what_nobody_guesses_is_strong(password: str) -> None:
    assert weakness(password, ABOUT) is None


def test_the_advice_says_how_to_do_better() -> None:
    assert "Add another word" in str(weakness("password", ABOUT))


@pytest.mark.parametrize("unit", ["a", "ab1", "@4$0", "qwerty", "20012001", "é"])
def test_a_long_password_is_looked_at_in_bounded_time(unit: str) -> None:
    began = time.thread_time()
    weakness(unit * 300, ABOUT)
    assert time.thread_time() - began < 2
