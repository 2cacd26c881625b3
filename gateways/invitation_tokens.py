"""What the letter of an invitation bears, to show that one has read it. No copy of it is kept."""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from uuid import UUID

from gateways.tokens import InvalidToken

PREFIX = "numina_i_"
_ID, _CODE = 16, 32
_CHARACTERS = len(PREFIX) + (_ID + _CODE) * 4 // 3


class InvitationTokens:
    """Makes and reads the tokens of one installation: the invitation's id, and a code over it."""

    def __init__(self, mac: Callable[[bytes, bytes], bytes]) -> None:
        """`mac` gives 32 bytes that depend on a purpose, a message and the installation's key."""
        self._mac = mac

    def issue(self, invitation_id: UUID) -> str:
        """The token for the letter of an invitation."""
        raw = invitation_id.bytes + self._mac(b"invitation", invitation_id.bytes)
        return PREFIX + urlsafe_b64encode(raw).decode()

    def read(self, token: str) -> UUID:
        """The invitation that the token was given out for. Raises InvalidToken."""
        if len(token) != _CHARACTERS or not token.startswith(PREFIX) or not token.isascii():
            raise InvalidToken("this is no token of an invitation")
        try:
            raw = b64decode(token.removeprefix(PREFIX), b"-_", validate=True)
        except NotBase64 as error:
            raise InvalidToken("this is no token of an invitation") from error
        invitation_id = UUID(bytes=raw[:_ID])
        if not hmac.compare_digest(self.issue(invitation_id), token):
            raise InvalidToken("this token was not given out here")
        return invitation_id
