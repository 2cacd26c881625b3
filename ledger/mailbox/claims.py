"""Under which names an address is held, once among everybody."""

from __future__ import annotations

from ledger.command import Claim
from ledger.ids import NIL
from ledger.mailbox.addresses import UnacceptableAddress, normal

KIND = "email"


def email_claim(email: str) -> Claim:
    """What an address is held by from now on: whoever types it another way, or draws another like it, means the same
    one. Text that is no address is held by nobody."""
    try:
        return Claim(NIL, KIND, normal(email))
    except UnacceptableAddress:
        return typed_claim(email)


def typed_claim(email: str) -> Claim:
    """What an address was held by before there was a normal form: it, in whatever case."""
    return Claim(NIL, KIND, email.casefold())


def email_claims(email: str) -> tuple[Claim, ...]:
    """Everything that somebody with this address may hold it by."""
    return tuple(dict.fromkeys((email_claim(email), typed_claim(email))))
