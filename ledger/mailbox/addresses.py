"""E-mail addresses: the one form under which an address is held, and which are refused for looking like another."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import category, name, normalize

import idna

from ledger.refusals import Refusal

CASEFOLDED, NORMAL = 0, 1
"""The forms under which addresses were ever held: as typed but for case, and `normal`."""

MOST_CHARACTERS = 254
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")

# Scripts that people write together: the "highly restrictive" level of Unicode TS 39.
_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
# Cyrillic and Greek letters that are drawn like a Latin one: a word of nothing else is meant to be taken for another.
_LIKE_LATIN = frozenset("асԁеһіјӏорԛѕԝхуѵґьαοινρυκχγ")


class UnacceptableAddress(Refusal):
    """This is not an address that letters can be sent to, or it looks like another one."""

    code = "unacceptable_address"


@lru_cache(maxsize=10_000)
def normal(address: str) -> str:
    """`address` without what people do not see: case and compatibility forms (NFKC) and the
    spelling of its domain (IDNA 2008, RFC 5891, as A-labels). Raises UnacceptableAddress."""
    local, at, domain = _folded(address).rpartition("@")
    if not at or len(address) > MOST_CHARACTERS or any(category(c)[0] in "CZ" for c in address):
        raise UnacceptableAddress("Write an address such as ada@example.com.", field="email")
    ascii_domain = _domain(domain)
    labels = [idna.decode(ascii_domain)] if "xn--" in ascii_domain else []
    if not local.isascii():
        labels.append(local)
        local_ascii = "".join(c if c.isascii() else "x" for c in local)
    else:
        local_ascii = local
    if _LOCAL.fullmatch(local_ascii) is None or len(local.encode()) > 64 or not _visible(local):
        raise UnacceptableAddress("The part before the @ has characters that no mailbox has.", field="email")
    native = "xn--" in ascii_domain.rpartition(".")[2]
    for part in (piece for label in labels for piece in re.split(r"[.\-_+]", label)):
        _check_scripts(part, native)
    return f"{local}@{ascii_domain}"


def domain_of(address: str) -> str:
    """The domain of an address as mail servers take it (A-labels). Raises UnacceptableAddress."""
    return _domain(_folded(address).rpartition("@")[2])


def _folded(address: str) -> str:
    return normalize("NFKC", normalize("NFKC", address).casefold())


def _domain(domain: str) -> str:
    try:
        encoded = idna.encode(domain.rstrip("."), uts46=True, std3_rules=True).decode()
        # What is written as an A-label already is looked at like everything else.
        idna.decode(encoded)
    except (idna.IDNAError, UnicodeError):
        raise UnacceptableAddress("The part after the @ is not a domain.", field="email") from None
    return encoded


def _visible(text: str) -> bool:
    """Whether all of `text` is letters, marks and digits, but for ASCII, which is looked at elsewhere."""
    return all(c.isascii() or category(c)[0] in "LMN" for c in text)


def _check_scripts(word: str, native: bool) -> None:
    """Raises UnacceptableAddress for letters of scripts that nobody mixes, and for words that are drawn like Latin
    ones; the latter are left alone under a top-level domain that is not Latin either (`native`)."""
    letters = [c for c in word if c.isalpha()]
    scripts = frozenset(_script(c) for c in letters)
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        raise UnacceptableAddress(
            "The address mixes letters of several scripts, as look-alikes of other addresses do.",
            field="email",
            scripts=sorted(script.title() for script in scripts),
        )
    if letters and not native and all(c in _LIKE_LATIN for c in letters):
        raise UnacceptableAddress(
            "The address is written in letters that look like Latin ones. Write it in those.", field="email"
        )


def _script(letter: str) -> str:
    """The first word of a letter's name, which is that of its script."""
    word = name(letter, "UNNAMED").split(" ")[0].split("-")[0]
    return {"IDEOGRAPHIC": "CJK"}.get(word, word)
