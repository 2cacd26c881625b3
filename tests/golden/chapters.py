"""What the golden record tells, chapter by chapter. A chapter that is in the record is never told again: to have a
new topic in it, add a chapter at the end and run `python -m tests.golden`."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from ledger.accounts.account import conversion_account
from ledger.accounts.asserting import AssertBalance, WithdrawAssertion
from ledger.accounts.commands import AmendAccount
from ledger.accounts.events import Guard
from ledger.anomalies.commands import NoteFailedSignIns, NoteNewDevice
from ledger.books.commands import AmendBook
from ledger.identity.commands import AmendUser, RegisterUser, RehashPassword
from ledger.ids import derived_id
from ledger.keys.commands import MakeKey, NoteMisuse, NoteUse, RenameKey, RevokeKey
from ledger.mailbox.commands import (
    AskEmailChange,
    AskReset,
    AskVerification,
    ConfirmEmailChange,
    ResetPassword,
    VerifyEmail,
)
from ledger.oidc.commands import LinkIdentity, RegisterByIdentity, UnlinkIdentity, UseIdentity
from ledger.passkeys.commands import AddPasskey, RemovePasskey, RenamePasskey, UsePasskey
from ledger.postings import Posting
from ledger.privacy.commands import AskErasure, CancelErasure, Consent, EraseBook, EraseUser
from ledger.profile.commands import ChangeAvatar, RemoveAvatar
from ledger.reconciliations.commands import UnlockReconciliation
from ledger.sessions.commands import EndSession, EndSessions, OpenSession, RefreshSession
from ledger.transactions.changes import ExpireTransaction, MarkCleared, SettleTransaction, VoidTransaction
from ledger.transactions.commands import PostTransaction
from tests.golden.authority import auditors, authority, reclaimed
from tests.golden.factors import factors
from tests.golden.sharing import households
from tests.support.scenario import Scenario, amount, day


def household(book: Scenario) -> None:
    """Everything that the first release can record."""
    _people(book)
    _accounts(book)
    _money(book)
    _statements(book)
    _second_thoughts(book)


def _people(book: Scenario) -> None:
    book.do(
        RegisterUser,
        email="someone@example.org",
        password="$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        display_name="Zoë",
        currency="EUR",
        time_zone="Europe/Lisbon",
        book_id=derived_id("golden", "home"),
    )
    book.do(AmendUser, display_name="Zoë 日本", locale="pt", password="$argon2id$other")
    book.do(AmendBook, title="Ours", currency="EUR", time_zone="Asia/Tokyo")


def _accounts(book: Scenario) -> None:
    book.household()
    book.account("purse", floor=0, opening="120.50", text={"name": "Purse", "notes": "brown\nleather"})
    book.account("savings", floor=-20, policy="flag", net_worth=False)
    book.account("yen", currency="JPY", currencies=("USD",))
    book.account("miles", currency="MILES", exponent=3)
    book.account("eating out", "expense", parent_id=book.accounts["food"])
    cash = book.accounts["cash"]
    book.account("everyday")
    changes = {
        "text": {"name": "Pocket", "icon": "🪙", "institution": "Bank of Nowhere"},
        "type": "cash",
        "parent_id": book.accounts["everyday"],
        "guard": Guard(amount("-50.25")),
        "net_worth": False,
        "currencies": ("EUR", "GBP"),
        "archived": True,
    }
    book.do(AmendAccount, account_id=cash, **changes)
    book.do(AmendAccount, account_id=cash, archived=False, parent_id=None)


def _money(book: Scenario) -> None:
    words = {
        "payee": "Café “Zoë”",
        "notes": "tab\there",
        "tags": "a\nb",
        "memo.0": "x",
        "metadata": '{"k":1}',
    }
    lunch = book.post("2026-02-27", purse="-12.34", food="12.34", fields={"text": words})
    book.amend(lunch, "2026-02-28", purse=-13, food=9, **{"eating out": 4})
    book.do(MarkCleared, transaction_id=lunch, account_id=book.accounts["purse"])
    book.do(MarkCleared, transaction_id=lunch, account_id=book.accounts["purse"], cleared=False)
    book.post("2026-03-02", savings=-100, card=100)
    part = book.hold(purse=-40, food=30, salary=10)
    book.do(SettleTransaction, transaction_id=part, amount=amount("17.77"), date=day("2026-03-05"))
    lapsing = book.hold(purse=-5, food=5, expires="2026-03-01T18:00:00.123456+00:00")
    book.now += dt.timedelta(days=1)
    book.do(ExpireTransaction, transaction_id=lapsing)
    book.do(VoidTransaction, transaction_id=book.post(purse=-1, food=1), reason="typed twice")
    between = conversion_account(book.book_id)
    book.do(
        PostTransaction,
        transaction_id=book.fresh(),
        date=day("2026-03-03"),
        postings=[
            Posting(book.accounts["purse"], amount("-10.00"), "USD"),
            Posting(between, amount("10.00"), "USD"),
            Posting(between, amount(-1550), "JPY"),
            Posting(book.accounts["yen"], amount(1550), "JPY"),
        ],
    )
    book.do(
        PostTransaction,
        transaction_id=book.fresh(),
        date=day("2026-03-03"),
        postings=[
            Posting(book.accounts["miles"], amount("99999999999999999999.999"), "MILES"),
            Posting(between, amount("-99999999999999999999.999"), "MILES"),
        ],
    )


def _statements(book: Scenario) -> None:
    paid = book.post("2026-03-04", card=-60, salary=60)
    statement = book.reconcile("card", "2026-03-31", -60, paid)
    unlocked = book.do(UnlockReconciliation, reconciliation_id=statement, reason="wrong month")
    book.undo(unlocked)
    assertion = {"account_id": book.accounts["card"], "assertion_id": book.fresh()}
    about = {"date": day("2026-03-31"), "amount": amount(40), "currency": "USD"}
    book.do(AssertBalance, **assertion, **about, text={"notes": "from the letter"})
    book.undo(book.do(WithdrawAssertion, **assertion))


def _second_thoughts(book: Scenario) -> None:
    book.account("mistake", opening=5)
    undone = book.undo(book.last())
    redone = book.undo(undone)
    book.undo(redone)
    book.post("2026-03-06", purse=-2, food=2)
    book.undo(book.undo(book.last()))


def identity(book: Scenario) -> None:
    """What people's own streams gained later."""
    book.do(
        RegisterUser,
        email="someone.else@example.org",
        password="$argon2id$other",
        display_name="Ioana",
        currency="RON",
        time_zone="Europe/Bucharest",
        book_id=derived_id("golden", "another home"),
    )
    book.do(RehashPassword, old="$argon2id$other", new="$argon2id$dearer")


def sessions(book: Scenario) -> None:
    """Signing in and out."""
    person, month = {"actor_id": book.actor_id, "book_id": book.actor_id}, dt.timedelta(days=30)
    book.do(
        RegisterUser,
        email="signed.in@example.org",
        password="$argon2id$other",
        display_name="Noor",
        currency="EUR",
        time_zone="Europe/Amsterdam",
        book_id=derived_id("golden", "home of sessions"),
    )
    here, there = book.fresh(), book.fresh()
    for session_id in (here, there):
        book.do(
            OpenSession,
            **person,
            session_id=session_id,
            methods=("pwd", "otp"),
            digest=bytes(range(32)),
            expires_at=book.now + month,
            text={"device": "Firefox “日本”", "address": "198.51.100.0/24"},
        )
    book.now += dt.timedelta(hours=1)
    exchanged = {"shown": bytes(range(32)), "following": bytes(32), "expires_at": book.now + month}
    book.do(RefreshSession, **person, session_id=here, **exchanged)
    book.do(EndSession, **person, session_id=there, reason="revoked")
    book.do(EndSessions, book_id=derived_id("golden", "home of sessions"), kept=here)


def passkeys(book: Scenario) -> None:
    """Passkeys come, prove, raise a suspicion, and go."""
    book.do(
        RegisterUser,
        email="keys@example.org",
        password="$argon2id$other",
        display_name="Kim",
        currency="EUR",
        time_zone="Europe/Amsterdam",
        book_id=derived_id("golden", "home of passkeys"),
    )
    home = {"book_id": derived_id("golden", "home of passkeys")}
    passkey_id, until = book.fresh(), book.now + dt.timedelta(minutes=5)
    book.do(
        AddPasskey,
        **home,
        proved=True,
        passkey_id=passkey_id,
        title="Phone “日本”",
        credential_id=b"credential",
        public_key=b"public key",
        sign_count=0,
        aaguid=derived_id("golden", "model"),
        synced=True,
        transports=("internal", "hybrid"),
        challenge=bytes(32),
        expires_at=until,
    )
    book.do(RenamePasskey, **home, passkey_id=passkey_id, title="Key")
    for sign_count in (7, 6):
        challenge = bytes([sign_count]) * 32
        answered = {"challenge": challenge, "expires_at": until, "sign_count": sign_count}
        book.do(UsePasskey, **home, passkey_id=passkey_id, verified=True, **answered)
    book.do(RemovePasskey, **home, passkey_id=passkey_id, proved=True)


def privacy(book: Scenario) -> None:
    """Somebody says who they are, agrees, thinks better of it, and is forgotten with their book."""
    book.do(
        RegisterUser,
        email="no.longer@example.org",
        password="$argon2id$forgotten",
        display_name="Élodie",
        currency="CHF",
        time_zone="Europe/Zurich",
        book_id=derived_id("golden", "forgotten home"),
    )
    book.book_id = derived_id("golden", "forgotten home")
    book.do(AmendUser, country="CH", notifications={"bills": ("sms",), "product": ()})
    book.do(AmendUser, country="")
    book.do(ChangeAvatar, digest=b"\xfe" * 32, media="image/png", size=1234)
    book.do(RemoveAvatar)
    book.do(Consent, kind="terms", version="2026-01", given=True)
    book.do(Consent, kind="terms", version="2026-01", given=False)
    book.account("purse", text={"name": "Élodies Portemonnaie"})
    due = {"due_at": book.now}
    book.do(AskErasure, **due)
    book.do(CancelErasure)
    book.do(AskErasure, **due)
    book.do(EraseBook, user_id=book.actor_id)
    book.do(EraseUser, user_id=book.actor_id, books=(book.book_id,))


def private_accounts(book: Scenario) -> None:
    """Accounts that nobody else in the book may know of, for a while."""
    gifts = book.account("Geschenke", opening="150.00", private=True)
    book.account("Kasse")
    book.do(AmendAccount, account_id=gifts, private=False)
    kept = book.do(AmendAccount, account_id=book.accounts["Kasse"], private=True)
    book.undo(book.undo(kept))


def mailbox(book: Scenario) -> None:
    """Somebody's address: proved, changed, and used to choose a new password."""
    home = {"book_id": derived_id("golden", "home of the mailbox")}
    book.do(
        RegisterUser,
        email="Zoë@Bücher.example",
        password="$argon2id$other",
        display_name="Zoë",
        currency="EUR",
        time_zone="Europe/Vienna",
        **home,
    )
    book.do(AskVerification, **home)
    book.do(VerifyEmail, email="Zoë@Bücher.example", **home)
    book.do(AskEmailChange, email="zoe@example.org", **home)
    book.do(ConfirmEmailChange, email="zoe@example.org", asked_at=book.now, **home)
    book.do(AskReset, **home)
    book.do(ResetPassword, asked_at=book.now, password="$argon2id$new", **home)


def anomalies(book: Scenario) -> None:
    """Somebody guesses at a password."""
    person = {"actor_id": book.fresh(), "book_id": derived_id("golden", "home of anomalies")}
    book.do(
        RegisterUser,
        **person,
        email="guessed.at@example.org",
        password="$argon2id$other",
        display_name="Ines",
        currency="EUR",
        time_zone="Europe/Madrid",
    )
    failed = {"count": 10, "since": book.now, "text": {"address": "203.0.113.0/24"}}
    book.do(NoteFailedSignIns, **person, user_id=person["actor_id"], **failed)


def keys(book: Scenario) -> None:
    """Programs get keys, use them, and one tries a dead one."""
    book.do(
        RegisterUser,
        email="programs@example.org",
        password="$argon2id$other",
        display_name="Grace",
        currency="EUR",
        time_zone="Europe/Amsterdam",
        book_id=derived_id("golden", "home of keys"),
    )
    person, everywhere = {"book_id": book.actor_id}, book.fresh()
    made = {"scopes": ("transactions:read", "accounts:read"), "digest": bytes(range(32))}
    book.do(MakeKey, **person, key_id=everywhere, title="Spreadsheet “日本”", **made)
    limited = {
        "only_book": derived_id("golden", "home of keys"),
        "expires_at": book.now + dt.timedelta(days=1),
    }
    book.do(MakeKey, **person, key_id=book.fresh(), title="Script", **made, **limited)
    book.do(RenameKey, **person, key_id=everywhere, title="Sheet")
    book.do(NoteUse, **person, key_id=everywhere, address="198.51.100.0/24")
    book.do(RevokeKey, **person, key_id=everywhere, reason="revoked")
    book.do(NoteMisuse, **person, key_id=everywhere, address="203.0.113.0/24")


def elsewhere(book: Scenario) -> None:
    """Accounts elsewhere: somebody comes with one, links another, and unlinks it."""
    home = {"book_id": derived_id("golden", "home of elsewhere")}
    until = book.now + dt.timedelta(minutes=10)

    def proof(subject: str, number: int) -> dict[str, Any]:
        state = {"state": bytes([number]) * 32, "expires_at": until}
        return {"issuer": "https://issuer.example", "digest": subject.encode(), **state, **home}

    def linking(subject: str, number: int) -> dict[str, Any]:
        told = {"provider": "somewhere", "subject": subject, "email": f"{subject}@example.org"}
        return {**proof(subject, number), **told, "identity_id": book.fresh()}

    new = {"display_name": "Zoë 日本", "currency": "EUR", "time_zone": "Europe/Lisbon"}
    book.do(RegisterByIdentity, **linking("zoe", 1), **new)
    book.do(UseIdentity, **proof("zoe", 2))
    work = linking("work", 3)
    book.do(LinkIdentity, **work)
    book.do(UnlinkIdentity, **home, identity_id=work["identity_id"])


def unfamiliar(book: Scenario) -> None:
    """Somebody signs in where they never did."""
    person = {"actor_id": book.fresh(), "book_id": derived_id("golden", "home of the unfamiliar")}
    book.do(
        RegisterUser,
        **person,
        email="elsewhere@example.org",
        password="$argon2id$other",
        display_name="Bruno",
        currency="EUR",
        time_zone="Europe/Rome",
    )
    text = {"device": "Firefox on a borrowed telephone", "address": "2001:db8:7::/48"}
    seen = {"device_seen": False, "network_seen": True}
    book.do(NoteNewDevice, **person, session_id=book.fresh(), **seen, text=text)


CHAPTERS: tuple[tuple[str, Callable[[Scenario], None]], ...] = (
    ("household", household),
    ("identity", identity),
    ("sessions", sessions),
    ("passkeys", passkeys),
    ("privacy", privacy),
    ("private accounts", private_accounts),
    ("mailbox", mailbox),
    ("anomalies", anomalies),
    ("keys", keys),
    ("elsewhere", elsewhere),
    ("households", households),
    ("authority", authority),
    ("reclaimed", reclaimed),
    ("factors", factors),
    ("auditors", auditors),
    ("unfamiliar", unfamiliar),
)
