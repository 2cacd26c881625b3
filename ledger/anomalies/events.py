"""What becomes true of the attempts to get in as somebody. Stream: the user's id; sealed under their own key."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from ledger.record import Fact, fact


@fact
class UserSignInsFailed(Fact, frozen=True):
    """Somebody tried to sign in as them and failed, for the `count`-th time since `since`. Recorded at 10, 100, 1,000
    and so on: a stranger must not be able to fill the record. text: address (of the network of the last attempt)."""

    topic: ClassVar[str] = "user.sign_ins_failed"
    sealed_for: ClassVar[str] = "person"

    count: int
    since: datetime


@fact
class UserDeviceNew(Fact, frozen=True):
    """Who has signed in before did so, as `session_id`, by a device or from a network that none of their sessions
    before was opened with. text: device (what the client calls itself), address (of the network)."""

    topic: ClassVar[str] = "user.device_new"
    sealed_for: ClassVar[str] = "person"

    session_id: UUID
    device_seen: bool
    network_seen: bool


FACTS = (UserSignInsFailed, UserDeviceNew)
