"""What becomes true of a book. Stream: the book's id."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class BookOpened(Fact, frozen=True):
    """`currency` is the one reports default to; `time_zone` an IANA name, which says what day it is here.
    text: name."""

    topic: ClassVar[str] = "book.opened"
    begins: ClassVar[bool] = True

    owner_id: UUID
    currency: str
    time_zone: str


@fact
class BookRenamed(Fact, frozen=True):
    """text: name."""

    topic: ClassVar[str] = "book.renamed"


@fact
class BookZoneChanged(Fact, frozen=True):
    """From now on the day is told in `time_zone` (IANA name). No past date moves."""

    topic: ClassVar[str] = "book.zone_changed"

    time_zone: str


@fact
class BookPrivacyBegun(Fact, frozen=True):
    """`person_id` has had, since, an account in the book that nobody else may know of. Others are not told."""

    topic: ClassVar[str] = "book.privacy_begun"

    person_id: UUID


@fact
class BookCurrencyChanged(Fact, frozen=True):
    """Reports default to `currency` from now on. No posting changes."""

    topic: ClassVar[str] = "book.currency_changed"

    currency: str
