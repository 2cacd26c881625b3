"""The chapter of second factors."""

import datetime as dt

from ledger.factors.commands import (
    ConfirmTotp,
    MakeRecoveryCodes,
    OfferTotp,
    RemoveTotp,
    UseRecoveryCode,
    UseTotp,
)
from ledger.identity.commands import RegisterUser
from ledger.ids import derived_id
from ledger.sessions.commands import OpenSession, StepUpSession
from tests.support.scenario import Scenario


def factors(book: Scenario) -> None:
    """An app and recovery codes come, prove, are guessed at, and go; a session is stepped up."""
    home = derived_id("golden", "home of factors")
    book.do(
        RegisterUser,
        email="factors@example.org",
        password="$argon2id$other",
        display_name="Sanna",
        currency="EUR",
        time_zone="Europe/Helsinki",
        book_id=home,
    )
    book.book_id = home
    totp_id, secret = book.fresh(), "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    until = book.now + dt.timedelta(hours=1)
    book.do(OfferTotp, totp_id=totp_id, secret=secret, expires_at=until, proved=False)
    book.do(ConfirmTotp, totp_id=totp_id, steps=(59_000_000,))
    book.do(MakeRecoveryCodes, digests=(bytes(32), b"\x01" * 32), proved=True)
    book.do(UseTotp, totp_id=totp_id, steps=(59_000_001, 59_000_002))
    for _ in range(5):
        book.do(UseTotp, totp_id=totp_id, steps=())
    book.now += dt.timedelta(minutes=1)
    book.do(UseRecoveryCode, digest=bytes(32))
    person, session_id = {"book_id": book.actor_id}, book.fresh()
    book.do(
        OpenSession,
        **person,
        session_id=session_id,
        methods=("pwd",),
        digest=bytes(32),
        expires_at=book.now + dt.timedelta(days=30),
    )
    book.do(StepUpSession, **person, session_id=session_id, methods=("otp", "mfa"))
    book.do(RemoveTotp, proved=True)
