"""What becomes true of a book. Stream: the book's id."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ledger.books.roles import LesserRole
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


@fact
class BookMemberJoined(Fact, frozen=True):
    """The person belongs to the book from now on: they accepted the invitation."""

    topic: ClassVar[str] = "book.member_joined"

    user_id: UUID
    role: LesserRole
    invitation_id: UUID


@fact
class BookMemberRoleChanged(Fact, frozen=True):
    """The member has another role from now on."""

    topic: ClassVar[str] = "book.member_role_changed"

    user_id: UUID
    role: LesserRole


@fact
class BookMemberLeft(Fact, frozen=True):
    """The member went."""

    topic: ClassVar[str] = "book.member_left"

    user_id: UUID


@fact
class BookMemberRemoved(Fact, frozen=True):
    """The member was sent away, `by` the owner."""

    topic: ClassVar[str] = "book.member_removed"

    user_id: UUID
    by: UUID


@fact
class BookOwnerChanged(Fact, frozen=True):
    """The book is the member `owner_id`'s from now on; the owner before, `previous_id`, is an editor."""

    topic: ClassVar[str] = "book.owner_changed"

    owner_id: UUID
    previous_id: UUID


@fact
class BookAuditorGranted(Fact, frozen=True):
    """The auditor may read the words of this book until that is withdrawn, as far as they are nobody's alone."""

    topic: ClassVar[str] = "book.auditor_granted"

    auditor_id: UUID


@fact
class BookAuditorWithdrawn(Fact, frozen=True):
    """The auditor reads no words of this book any more."""

    topic: ClassVar[str] = "book.auditor_withdrawn"

    auditor_id: UUID
