"""Codes of authenticator apps (TOTP, RFC 6238): six digits of HMAC-SHA-1, another one every 30 seconds, which is what
every app can do."""

from __future__ import annotations

import hmac
from datetime import datetime
from io import BytesIO

import pyotp
import segno

PERIOD = 30
DIGITS = 6
ISSUER = "Numina"
# People's clocks are a little wrong, and typing takes time: one step before and one after (RFC 6238, section 5.2).
SKEW = 1


def new_secret() -> str:
    """160 random bits (RFC 4226, section 4) in base32."""
    return pyotp.random_base32(32)


def step_of(now: datetime) -> int:
    """The step that `now` (aware) is in."""
    return int(now.timestamp()) // PERIOD


def code_of(secret: str, step: int) -> str:
    """The code of one step."""
    return pyotp.HOTP(secret, digits=DIGITS).at(step)


def steps(secret: str, code: str, now: datetime) -> tuple[int, ...]:
    """The steps around `now` whose code this is, rising; none for a wrong one. Takes as long for any code."""
    present = step_of(now)
    around = range(max(present - SKEW, 0), present + SKEW + 1)
    return tuple(
        step for step in around if hmac.compare_digest(code_of(secret, step).encode(), code.encode())
    )


def address(secret: str, email: str) -> str:
    """The otpauth:// address that apps read, as Google Authenticator defined it (Key Uri Format)."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD).provisioning_uri(name=email, issuer_name=ISSUER)


def drawing(address: str) -> str:
    """The address as a QR code: an SVG element, black on white with its quiet zone."""
    out = BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(out, kind="svg", scale=4, light="#fff", xmldecl=False, svgns=True, nl=False)
    return out.getvalue().decode()
