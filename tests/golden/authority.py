"""Chapters about who may do what: roles of staff, and an address that is taken back from a stranger."""

from ledger.authority.commands import GrantRole, ReinstateUser, RevokeRole, SuspendUser
from ledger.books.auditing import GrantAuditor, WithdrawAuditor
from ledger.identity.commands import RegisterUser
from ledger.ids import NIL, derived_id
from ledger.mailbox.commands import AskReset, ResetPassword
from tests.support.scenario import Scenario


def authority(book: Scenario) -> None:
    """The operator makes an admin, who makes an auditor, and suspends somebody for a while."""
    home = derived_id("golden", "home of authority")
    people = {"user_id": book.actor_id, "book_id": home}
    book.do(
        RegisterUser,
        email="authority@example.org",
        password="$argon2id$other",
        display_name="Barbara",
        currency="EUR",
        time_zone="Europe/Amsterdam",
        book_id=home,
    )
    book.do(GrantRole, **people, actor_id=NIL, role="admin", reason="the first one", operator=True)
    other, there = derived_id("golden", "auditor"), derived_id("golden", "home of the auditor")
    book.do(
        RegisterUser,
        email="auditor@example.org",
        password="$argon2id$other",
        display_name="Luca",
        currency="EUR",
        time_zone="Europe/Rome",
        book_id=there,
        actor_id=other,
    )
    about = {"user_id": other, "book_id": there, "actor_id": book.actor_id}
    book.do(GrantRole, **about, role="auditor", reason="Prüfung “2026”")
    book.do(SuspendUser, **about, reason="mailbox lost")
    book.do(ReinstateUser, **about, reason="mailbox found")
    book.do(RevokeRole, **about, role="auditor", reason="it is over")


def reclaimed(book: Scenario) -> None:
    """Somebody has the address with which another one registered."""
    home = {"book_id": derived_id("golden", "home reclaimed")}
    book.do(
        RegisterUser,
        email="mine@example.org",
        password="$argon2id$theirs",
        display_name="Mallory",
        currency="EUR",
        time_zone="UTC",
        **home,
    )
    book.do(AskReset, **home)
    book.do(ResetPassword, asked_at=book.now, password="$argon2id$mine", **home)


def auditors(book: Scenario) -> None:
    """The owner of a book lets an auditor read its words for a while."""
    auditor, there = derived_id("golden", "reading auditor"), derived_id("golden", "home of reading")
    book.do(
        RegisterUser,
        email="reading@example.org",
        password="$argon2id$other",
        display_name="Mina",
        currency="EUR",
        time_zone="Europe/Helsinki",
        book_id=there,
        actor_id=auditor,
    )
    about = {"user_id": auditor, "book_id": there, "actor_id": NIL, "operator": True}
    book.do(GrantRole, **about, role="auditor", reason="reads")
    book.do(GrantAuditor, auditor_id=auditor)
    book.do(WithdrawAuditor, auditor_id=auditor)
