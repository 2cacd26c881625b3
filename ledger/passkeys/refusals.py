"""Why something about a passkey is refused."""

from __future__ import annotations

from ledger.refusals import Refusal, Unknown


class UnknownPasskey(Unknown):
    """There is no such passkey of yours."""

    code = "unknown_passkey"


class PasskeyRefused(Refusal):
    """The passkey does not prove who you are."""

    code = "passkey_refused"
    status = 401


class ChallengeOver(Refusal):
    """This challenge was answered before, or has expired."""

    code = "challenge_over"
    status = 409


class CredentialTaken(Refusal):
    """This passkey is registered already."""

    code = "passkey_taken"
    status = 409


class TooManyPasskeys(Refusal):
    """You have as many passkeys as one person may have."""

    code = "too_many_passkeys"
    status = 409
