"""How much one address, person or key may ask for in a while, and the header fields that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Literal, NamedTuple
from uuid import UUID

from api.access import Access
from gateways.counters import Count, Counters, Key
from ledger.refusals import Refusal

PolicyName = Literal["address", "account", "key", "sign_in", "register", "refresh", "mail"]

# What mails somebody, or makes something for everybody to keep. Whatever else anybody may send below /v1/auth can be
# guessed at, and is counted as signing in.
_STRICT: Mapping[str, PolicyName] = {
    "POST /v1/auth/register": "register",
    "POST /v1/auth/refresh": "refresh",
    "POST /v1/auth/verify/resend": "mail",
    "POST /v1/auth/password/forgot": "mail",
    "POST /v1/users/me/email": "mail",
}


class RateLimited(Refusal):
    """Too many requests in too short a time."""

    code = "rate_limited"
    status = 429
    retry = True


class Quota(NamedTuple):
    """So many requests in so many seconds."""

    requests: int
    seconds: int


@dataclass(frozen=True)
class Policy:
    """A quota with the name that it is told by."""

    name: PolicyName
    quota: Quota

    @cached_property
    def field(self) -> bytes:
        """As RateLimit-Policy has it."""
        return b'"%s";q=%d;w=%d' % (self.name.encode(), *self.quota)

    def state(self, count: Count) -> bytes:
        """As RateLimit has it: what is left, and in how many seconds all of it is there again."""
        left = max(0, self.quota.requests - count.number)
        return b'"%s";r=%d;t=%d' % (self.name.encode(), left, ceil(count.left))


Counted = tuple[Policy, Count]


class Rates:
    """Counts requests against the quotas; one that is not given is not counted."""

    def __init__(self, counters: Counters, quotas: Mapping[PolicyName, Quota | None]) -> None:
        self._counters = counters
        self._policies = {name: Policy(name, quota) for name, quota in quotas.items() if quota is not None}

    async def count(self, name: PolicyName, who: str | int, counted: list[Counted]) -> None:
        """Counts one request of `who` and notes it in `counted`. Raises RateLimited."""
        policy = self._policies.get(name)
        if policy is None:
            return
        key: Key = (name, who)
        count = await self._counters.hit(key, policy.quota.seconds)
        counted.append((policy, count))
        if count.number > policy.quota.requests:
            seconds = max(1, ceil(count.left))
            raise RateLimited(
                f"At most {policy.quota.requests} requests in {policy.quota.seconds} seconds are answered here. "
                f"Try again in {seconds} seconds.",
                policy=name,
                quota=policy.quota.requests,
                window=policy.quota.seconds,
                retry_after=seconds,
            )

    async def count_person(self, user_id: UUID, key_id: UUID | None, counted: list[Counted]) -> None:
        """Counts one request of somebody who is signed in, or of their API key. Raises RateLimited."""
        if key_id is not None:
            await self.count("key", key_id.int, counted)
        await self.count("account", user_id.int, counted)


def fields(counted: list[Counted]) -> list[tuple[bytes, bytes]]:
    """RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10, lists of RFC 9651)."""
    if not counted:
        return []
    return [
        (b"ratelimit-policy", b", ".join([policy.field for policy, _ in counted])),
        (b"ratelimit", b", ".join([policy.state(count) for policy, count in counted])),
    ]


def strict(operation: str, access: Access) -> PolicyName | None:
    """By which policy an operation ("POST /v1/auth/login") is counted for each address, beside the general one."""
    if operation in _STRICT:
        return _STRICT[operation]
    guessable = access.who == "anybody" or operation == "POST /v1/auth/step-up"
    return "sign_in" if guessable and operation.startswith("POST /v1/auth/") else None
