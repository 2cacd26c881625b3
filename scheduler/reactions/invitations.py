"""Forgets the words of an invitation once it was answered or withdrawn."""

from __future__ import annotations

from typing import Literal

from gateways.vault import Vault
from ledger.record import Recorded


class InvitationWords:
    """The reaction that destroys the key of an invitation that is over: the address in it is that of somebody who may
    never have heard of Numina. Read models have dropped the words upon the same fact."""

    name = "invitation words"
    topics = ("invitation.accepted", "invitation.declined", "invitation.withdrawn")
    begins: Literal["start", "head"] = "start"

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def react(self, recorded: Recorded) -> None:
        self._vault.destroy(recorded.stream_id)
