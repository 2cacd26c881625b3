"""What can be searched for: the words of a transaction as lexemes of one tsvector, and questions about them.

Every lexeme begins with eight hexadecimal digits of its book's id, so that one GIN index over all books is
as selective in each as an index of its own. After them stands a folded word; or `#` and a whole tag; or `=`
and the type; or `$` and the magnitude of an amount. So one index narrows down whatever is asked together.
Accounts are not among them: postings have an index by account, and two entries more for each transaction, each
in a place of its own, were more than half of what the index of words cost.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from struct import Struct
from unicodedata import combining, normalize
from uuid import UUID

from ledger.postings import Posting

MOST_LEXEMES = 1_000
"""Of a longer text the first so many words can be found."""
LONGEST_WORD = 40
NARROW = 3
"""A range of amounts of so few magnitudes is worth asking the index about, whatever else is asked."""
LONGEST_TAG = 64

# What a word stands in, as the weight and position that PostgreSQL keeps with a lexeme (2 bits and 14).
PAYEE, NOTES, TAG, MEMO = (3 << 14) | 1, (2 << 14) | 2, (1 << 14) | 3, 4

# Chinese and Japanese write no spaces: there each character is a word; elsewhere it is letters and digits.
_WORD = re.compile(r"[぀-ヿ㐀-鿿豈-﫿]|[^\W_぀-ヿ㐀-鿿豈-﫿]+")
# Letters that people leave the stroke off, and that Unicode does not take apart.
_STROKES = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"}
)

# Amounts have at most 20 digits before the point and 18 after it: a letter for each order of magnitude.
_LEAST, _MOST = -18, 20
_count = Struct("!i").pack
_short = Struct("!H").pack


def fold(text: str) -> str:
    """`text` without case and accents: Ærø, AERØ and aero are the same."""
    if text.isascii():
        return text.lower()
    apart = normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not combining(c)).casefold().translate(_STROKES)


@lru_cache(maxsize=20_000)
def words(text: str) -> tuple[str, ...]:
    """The folded words of `text`, each once, in order."""
    found = _WORD.findall(fold(text))
    return tuple(dict.fromkeys(word[:LONGEST_WORD] for word in found))


def fold_tag(tag: str) -> str:
    """A tag as it is compared: without case and outer space; PostgreSQL has no NUL."""
    return " ".join(tag.casefold().replace("\0", " ").split())[:LONGEST_TAG]


def prefix(book_id: UUID) -> str:
    """What the lexemes of a book begin with. The last digits of an id are its random ones."""
    return book_id.hex[24:]


@lru_cache(maxsize=50_000)
def magnitude(amount: Decimal) -> str:
    """The order of magnitude of `amount` as a letter that rises with it, and its first three digits."""
    size = amount.copy_abs()
    if not size:
        return "$0"
    order = size.adjusted()
    return f"${_letter(order)}{int(size.scaleb(2 - order))}"


def tsvector(
    book_id: UUID,
    payee: str,
    notes: str,
    tags: Sequence[str],
    memos: Sequence[str],
    postings: Sequence[Posting],
    type_: str,
) -> bytes:
    """All lexemes of a transaction, as PostgreSQL receives a tsvector (count; then for each lexeme the text,
    a NUL, the number of places and the places). Words of payee, notes, tags and memos are weighted A to D."""
    if len(postings) == 2 and not tags and not memos:
        # The usual transaction: two legs are of one size, and the rest is known, already joined. Amounts go by their
        # digits, which are found in a cache in a third of the time.
        count, start, rest = _usual(book_id.int, payee, notes, type_)
        return b"".join((count, start, _size_lexeme(str(postings[0].amount)), rest))
    start = _prefix_bytes(book_id.int)
    lexemes = [_fixed(f"={type_}")]
    sized = postings[:1] if len(postings) == 2 else postings
    lexemes += dict.fromkeys([_size_lexeme(str(p.amount)) for p in sized])
    lexemes += dict.fromkeys([_fixed(f"#{fold_tag(tag)}") for tag in tags])
    texts = [(payee, PAYEE), (notes, NOTES), *((tag, TAG) for tag in tags), *((m, MEMO) for m in memos)]
    lexemes = (lexemes + _worded(texts))[:MOST_LEXEMES]
    # What all lexemes begin with goes between the parts.
    return start.join([_count(len(lexemes)), *lexemes])


@lru_cache(maxsize=1_000)
def _prefix_bytes(book: int) -> bytes:
    return prefix(UUID(int=book)).encode()


@lru_cache(maxsize=50_000)
def _size_lexeme(amount: str) -> bytes:
    """By the digits of the amount, which are found in a cache sooner than the number."""
    return _fixed(magnitude(Decimal(amount)))


@lru_cache(maxsize=1_000)
def _fixed(lexeme: str) -> bytes:
    return f"{lexeme}\0\0\0".encode()


@lru_cache(maxsize=20_000)
def _usual(book: int, payee: str, notes: str, type_: str) -> tuple[bytes, bytes, bytes]:
    """Of a transaction of one size: how many lexemes it has, what each begins with, and those of its type and words,
    with what goes before each."""
    start = _prefix_bytes(book)
    lexemes = [_fixed(f"={type_}"), *_worded([(payee, PAYEE), (notes, NOTES)])][: MOST_LEXEMES - 1]
    return _count(1 + len(lexemes)), start, b"".join([start + lexeme for lexeme in lexemes])


def _placed(places: Sequence[int]) -> bytes:
    return b"".join([b"\0", _short(len(places)), *(_short(place) for place in places)])


def _worded(texts: Iterable[tuple[str, int]]) -> list[bytes]:
    """The words of some texts as lexemes with the places that they stand in, which must rise."""
    places: dict[str, list[int]] = {}
    for text, place in texts:
        for word in words(text):
            known = places.setdefault(word, [])
            if place not in known:
                known.append(place)
    return [word.encode() + _placed(known) for word, known in places.items()]


class Query:
    """A question to the tsvectors of one book, built up from conditions that must all hold."""

    def __init__(self, book_id: UUID) -> None:
        self._book = prefix(book_id)
        self._terms: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._terms)

    def __str__(self) -> str:
        """The tsquery as text."""
        return " & ".join(self._terms)

    def text(self, text: str, weight: str = "") -> bool:
        """Every word of `text` is the beginning of one in the transaction (`weight` A: in the payee). False
        if there is no word in it, so that it matches nothing."""
        wanted = words(text)[:50]
        self._terms += [self._term(word, f":*{weight}") for word in wanted]
        return bool(wanted)

    def tag(self, tag: str) -> None:
        self._terms.append(self._term(f"#{fold_tag(tag)}"))

    def type(self, type_: str) -> None:
        self._terms.append(self._term(f"={type_}"))

    def amounts(self, least: Decimal | None, most: Decimal | None) -> None:
        """Some leg is about as large: exact to three digits, so that it must be looked at again.

        Beside words, a wide range is left out: nearly all transactions may lie in it, and the index would gather
        them all before it looked for the words.
        """
        magnitudes = list(_magnitudes(least, most))
        if not self._terms or len(magnitudes) <= NARROW:
            self._any(self._term(start, ":*") for start in magnitudes)

    def _any(self, terms: Iterable[str]) -> None:
        self._terms.append(f"({' | '.join(terms)})")

    def _term(self, lexeme: str, suffix: str = "") -> str:
        quoted = f"{self._book}{lexeme}".replace("\\", "\\\\").replace("'", "''")
        return f"'{quoted}'{suffix}"


def _magnitudes(least: Decimal | None, most: Decimal | None) -> Iterator[str]:
    """The beginnings of `magnitude` of every amount from `least` to `most` (absolute, inclusive)."""
    if not least:
        yield "$0"
    low = (_LEAST, 100) if not least else _digits(least)
    high = (_MOST, 999) if most is None else _digits(most) if most else (_LEAST - 1, 999)
    for order in range(max(low[0], _LEAST), min(high[0], _MOST) + 1):
        first = low[1] if order == low[0] else 100
        last = high[1] if order == high[0] else 999
        yield from _beginnings(f"${_letter(order)}", "", first, last)


def _beginnings(start: str, digits: str, first: int, last: int) -> Iterator[str]:
    """The shortest beginnings of just the three-digit numbers from `first` to `last`."""
    width = 10 ** (3 - len(digits))
    least = int(digits or "0") * width
    if max(least, 100) >= first and least + width - 1 <= last:
        yield start + digits
    elif least + width > first and least <= last:
        for digit in range(0 if digits else 1, 10):
            yield from _beginnings(start, f"{digits}{digit}", first, last)


def _digits(amount: Decimal) -> tuple[int, int]:
    order = amount.adjusted()
    return order, int(amount.scaleb(2 - order))


def _letter(order: int) -> str:
    return chr(65 + order - _LEAST)
