"""How easily a password is guessed, by the patterns that guessing programs try (zxcvbn, Wheeler 2016)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from zxcvbn import zxcvbn

# From 10^6 guesses on (score 2), trying passwords against a running service is hopeless.
LEAST_SCORE = 2
# Looking for patterns takes the longer the longer the text is, without bound; nobody guesses so far.
LOOKED_AT = 40
_PART = re.compile(r"[^@.\s_+-]+")


def weakness(password: str, about: Iterable[str]) -> str | None:
    """What is wrong with a password, and what to do, in a sentence or two; None for a good one.

    `about` is what strangers know or guess of the person: the address, the name. Common passwords, words, names,
    dates, repetitions, rows of keys, and all of these in l33t, are among the patterns.
    """
    known = [word for text in about for word in (text, text.partition("@")[0], *_PART.findall(text))]
    found = zxcvbn(password[:LOOKED_AT], user_inputs=["numina", *known])
    if found["score"] >= LEAST_SCORE:
        return None
    feedback = found["feedback"]
    sentences = [feedback["warning"] or "This is easily guessed.", *feedback["suggestions"]]
    return " ".join(sentence if sentence.endswith(".") else f"{sentence}." for sentence in sentences)
