"""What a link in a letter bears: text that nobody can make up, of which no copy is kept."""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from gateways.tokens import InvalidToken
from ledger.mailbox.mailbox import Purpose

PREFIX = "numina_m_"
_PURPOSES: tuple[Purpose, ...] = ("verify", "change", "reset")
_HEAD, _CODE = 1 + 16 + 8, 32
_CHARACTERS = len(PREFIX) + ((_HEAD + _CODE) * 4 + 2) // 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Shown(NamedTuple):
    """What a token says of itself, which is not to be believed before `MailTokens.made` has seen the address: what
    for, for whom, and when the letter was asked for."""

    purpose: Purpose
    user_id: UUID
    asked_at: datetime
    code: bytes


class MailTokens:
    """Makes and reads the tokens of one installation.

    A token is what it is for, the person, when its letter was asked for, and a code over these and the address that
    it was sent to: whoever shows it has read that letter.
    """

    def __init__(self, mac: Callable[[bytes, bytes], bytes]) -> None:
        """`mac` gives 32 bytes that depend on a purpose, a message and the installation's key."""
        self._mac = mac

    def issue(self, purpose: Purpose, user_id: UUID, address: str, asked_at: datetime) -> str:
        """The token for the letter to `address` that was asked for at `asked_at` (aware)."""
        moment = (asked_at - _EPOCH) // _MICROSECOND
        head = bytes([_PURPOSES.index(purpose)]) + user_id.bytes + moment.to_bytes(8, "big")
        return PREFIX + urlsafe_b64encode(head + self._code(head, address)).rstrip(b"=").decode()

    def read(self, token: str) -> Shown:
        """What the token says. Raises InvalidToken for text that is none."""
        if len(token) != _CHARACTERS or not token.startswith(PREFIX) or not token.isascii():
            raise InvalidToken("this is no token out of a letter")
        try:
            padding = "=" * (-(_HEAD + _CODE) * 4 // 3 % 4)
            raw = b64decode(token.removeprefix(PREFIX) + padding, b"-_", validate=True)
            purpose = _PURPOSES[raw[0]]
            asked_at = _EPOCH + int.from_bytes(raw[17:_HEAD], "big") * _MICROSECOND
        except (NotBase64, IndexError, OverflowError) as error:
            raise InvalidToken("this is no token out of a letter") from error
        return Shown(purpose, UUID(bytes=raw[1:17]), asked_at, raw[_HEAD:])

    def made(self, shown: Shown, address: str) -> bool:
        """Whether a token that says this was given out here, in a letter to `address`."""
        token = self.issue(shown.purpose, shown.user_id, address, shown.asked_at)
        return hmac.compare_digest(self.read(token).code, shown.code)

    def _code(self, head: bytes, address: str) -> bytes:
        return self._mac(b"mail token", head + address.encode())
