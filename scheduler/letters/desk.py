"""Where letters are written: what their writers can look up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from gateways.invitation_tokens import InvitationTokens
from gateways.mail_tokens import MailTokens
from ledger.clock import Clock
from ledger.entities import fold
from ledger.identity.user import User
from ledger.invitations.invitation import Invitation
from ledger.log import read_streams
from ledger.mailbox.mailbox import Purpose
from ledger.sealing import Keys
from ledger.session import session_url
from projections.sessions import seen_before
from scheduler.letters.letter import Link
from scheduler.reactions.reaction import NotYet

Mac = Callable[[bytes, bytes], bytes]
_PAGES: dict[Purpose, str] = {"verify": "verify", "change": "verify", "reset": "reset"}


class Desk:
    """Reads people as the record has them now. `public_url` is where the service is reached."""

    def __init__(self, url: str, keys: Keys, mac: Mac, *, public_url: str, clock: Clock) -> None:
        self._url = session_url(url, "numina_service", search_path="views", statement_timeout="30000")
        self._keys = keys
        self._tokens = MailTokens(mac)
        self._invitations = InvitationTokens(mac)
        self.public_url = public_url.rstrip("/")
        self._clock = clock

    @property
    def now(self) -> datetime:
        return self._clock()

    def person(self, user_id: UUID) -> User | None:
        """Somebody who is still here; None for who is erased."""
        user = self._read(user_id)
        return user if isinstance(user, User) and user.present else None

    def invitation(self, invitation_id: UUID) -> Invitation | None:
        """An invitation as it stands."""
        invitation = self._read(invitation_id)
        return invitation if isinstance(invitation, Invitation) else None

    def code(self, invitation_id: UUID) -> str:
        """What the letter of an invitation bears, to show that it was read."""
        return self._invitations.issue(invitation_id)

    def seen_before(self, user_id: UUID, position: int, session_id: UUID, device: str) -> bool:
        """Whether they were signed in on such a device before this session, which was opened at `position`; or never
        before at all. Raises NotYet while the read models do not know of it."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            seen = seen_before(connection, position, user_id, session_id, device)
        if seen is None:
            raise NotYet("the read models are behind")
        return seen

    def link(self, purpose: Purpose, label: str, user_id: UUID, address: str, asked_at: datetime) -> Link:
        """The link for a letter that is sent to `address`. What it bears comes after a #, which no browser sends
        on, so that it is in no server's log."""
        token = self._tokens.issue(purpose, user_id, address, asked_at)
        return Link(f"{self.public_url}/letters/{_PAGES[purpose]}#{token}", label)

    def _read(self, stream_id: UUID) -> Any:
        with psycopg.connect(self._url, autocommit=True) as connection:
            return fold(read_streams(connection, [stream_id], self._keys))
