"""Why something about an account elsewhere is refused."""

from __future__ import annotations

from ledger.refusals import Refusal, Unknown


class UnknownIdentity(Unknown):
    """No such account elsewhere is linked to you."""

    code = "unknown_identity"


class StateUsed(Refusal):
    """This sign-in was finished before, or has expired."""

    code = "sign_in_over"
    status = 409


class IdentityTaken(Refusal):
    """This account elsewhere is linked already."""

    code = "identity_taken"
    status = 409


class AccountExists(Refusal):
    """Somebody is registered with this address."""

    code = "account_exists"
    status = 409


class TooManyIdentities(Refusal):
    """You have linked as many accounts as one person may."""

    code = "too_many_identities"
    status = 409


class LastWayIn(Refusal):
    """Without it you could not sign in any more."""

    code = "last_way_in"
    status = 409
