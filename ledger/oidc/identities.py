"""Somebody's accounts elsewhere, as their facts make them, and the states of sign-ins that they used up lately."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from ledger.ids import NIL
from ledger.oidc.events import UserIdentityLinked, UserIdentityUnlinked, UserIdentityUsed

IdentityFact = UserIdentityLinked | UserIdentityUsed | UserIdentityUnlinked
# The clocks of two processes differ a little, so a used state is remembered beyond its end.
SKEW = timedelta(minutes=1)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """An account at `issuer`, see UserIdentityLinked."""

    identity_id: UUID
    provider: str
    issuer: str
    digest: bytes
    linked_at: datetime
    subject: str
    email: str
    used_at: datetime | None = None


class Identities(msgspec.Struct, frozen=True):
    """`spent` are the digests of states that were used and might come again, with their ends."""

    linked: tuple[Identity, ...] = ()
    spent: tuple[tuple[bytes, datetime], ...] = ()

    def by_id(self, identity_id: UUID) -> Identity | None:
        return next((each for each in self.linked if each.identity_id == identity_id), None)

    def of(self, issuer: str, digest: bytes) -> Identity | None:
        """The account that the issuer knows by the subject of `digest`."""
        return next((each for each in self.linked if (each.issuer, each.digest) == (issuer, digest)), None)

    def claims(self) -> tuple[tuple[UUID, str, str], ...]:
        """An account elsewhere is one person's only, and a state is used once among everybody."""
        accounts = [identity_claim(each.issuer, each.digest) for each in self.linked]
        return (*accounts, *(state_claim(state) for state, _ in self.spent))


def identity_claim(issuer: str, digest: bytes) -> tuple[UUID, str, str]:
    """The scope, kind and text under which an account elsewhere is claimed."""
    return NIL, "identity", f"{issuer} {digest.hex()}"


def state_claim(state: bytes) -> tuple[UUID, str, str]:
    """The scope, kind and text under which the state of a sign-in, by its digest, is claimed."""
    return NIL, "sign-in", state.hex()


def evolve(identities: Identities, fact: IdentityFact) -> Identities:
    """The accounts after `fact`."""
    match fact:
        case UserIdentityLinked():
            linked = Identity(
                identity_id=fact.identity_id,
                provider=fact.provider,
                issuer=fact.issuer,
                digest=fact.digest,
                linked_at=fact.linked_at,
                subject=fact.text.get("subject", ""),
                email=fact.text.get("email", ""),
            )
            spent = _spend(identities, fact.state, fact.expires_at, fact.linked_at)
            return Identities((*identities.linked, linked), spent)
        case UserIdentityUsed():
            used = tuple(
                msgspec.structs.replace(each, used_at=fact.used_at)
                if each.identity_id == fact.identity_id
                else each
                for each in identities.linked
            )
            return Identities(used, _spend(identities, fact.state, fact.expires_at, fact.used_at))
        case UserIdentityUnlinked():
            kept = tuple(each for each in identities.linked if each.identity_id != fact.identity_id)
            return Identities(kept, identities.spent)


def _spend(
    identities: Identities, state: bytes, expires_at: datetime, now: datetime
) -> tuple[tuple[bytes, datetime], ...]:
    """The used states with one more, and without those that are over anyway."""
    return (*(each for each in identities.spent if each[1] + SKEW > now), (state, expires_at))
