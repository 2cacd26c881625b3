"""Why something about a second factor is refused."""

from __future__ import annotations

from ledger.refusals import Refusal


class SecondFactorNeeded(Refusal):
    """The password alone is not enough: a second factor is needed."""

    code = "second_factor_needed"
    status = 401


class WrongCode(Refusal):
    """The code is wrong, was used before, or has run out."""

    code = "wrong_code"
    status = 401


class TooManyCodes(Refusal):
    """Too many codes were wrong; wait before you send another one."""

    code = "too_many_codes"
    status = 429
    retry = True


class NoTotpOffered(Refusal):
    """There is no secret that waits for a code."""

    code = "no_totp_offered"
    status = 409


class NoTotp(Refusal):
    """You have no authenticator app."""

    code = "no_totp"
    status = 409


class FactorProofNeeded(Refusal):
    """Changing your second factors needs a proof with one of them."""

    code = "factor_proof_needed"
    status = 403
