"""What a person agreed to and whether they are to be forgotten, as their facts make it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

import msgspec

from ledger.privacy.events import (
    UserConsentGiven,
    UserConsentWithdrawn,
    UserErased,
    UserErasureAsked,
    UserErasureCancelled,
)
from ledger.record import Fact

Consent = Literal["terms", "privacy", "analytics", "marketing", "research"]
"""What one can be asked to agree to. `terms` and `privacy` are the service's own texts."""

CONSENTS: tuple[Consent, ...] = get_args(Consent)
FACTS = (UserConsentGiven, UserConsentWithdrawn, UserErasureAsked, UserErasureCancelled, UserErased)


class Privacy(msgspec.Struct, frozen=True, kw_only=True):
    """`consents` are those in force: the kind with the version agreed to. `erasure_due` is when the person will
    be forgotten, None if that was not asked for; `erased` whether they are."""

    consents: Mapping[str, str] = {}
    erasure_due: datetime | None = None
    erased: bool = False


def evolve(privacy: Privacy, fact: Fact) -> Privacy:
    """What holds after one of FACTS."""
    match fact:
        case UserConsentGiven(kind=kind, version=version):
            return msgspec.structs.replace(privacy, consents={**privacy.consents, kind: version})
        case UserConsentWithdrawn(kind=withdrawn):
            left = {kind: version for kind, version in privacy.consents.items() if kind != withdrawn}
            return msgspec.structs.replace(privacy, consents=left)
        case UserErasureAsked(due_at=due_at):
            return msgspec.structs.replace(privacy, erasure_due=due_at)
        case UserErasureCancelled():
            return msgspec.structs.replace(privacy, erasure_due=None)
        case _:
            return Privacy(erased=True)
