"""Who sent a request: the other end of the connection, or whom trusted proxies name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from starlette.types import Scope

Network = IPv4Network | IPv6Network
ProxyHeader = Literal["x-forwarded-for", "forwarded"]

MOST_HOPS = 20
"""Entries that are looked at: more are nobody's proxies."""


class Proxies:
    """Believes what the proxies in `trusted` say, in the one header that they are known to write.

    Each proxy appends who called it, so the header is read from its end: what stands before the first address that
    is no trusted proxy was written by whoever wanted to.
    """

    def __init__(self, trusted: Sequence[Network] = (), header: ProxyHeader = "x-forwarded-for") -> None:
        self._trusted = tuple(trusted)
        self._header = header.encode()
        self._read = _forwarded if header == "forwarded" else _plain

    def client(self, scope: Scope) -> str:
        """The address of whoever sent the request, in its usual form; empty if it is not known."""
        peer = scope.get("client")
        address = peer[0] if peer else ""
        return self._named(address, scope) if self._trusted else address

    def _named(self, address: str, scope: Scope) -> str:
        values = [value for name, value in scope["headers"] if name == self._header]
        hops = self._read(b",".join(values).decode("latin-1"))
        hop = _parsed(address)
        for told in reversed(hops[-MOST_HOPS:]):
            if hop is None or not self._trusts(hop):
                break
            before = _parsed(told)
            if before is None:
                break
            hop = before
        return str(hop) if hop is not None else address

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


@lru_cache(maxsize=20_000)
def household(address: str) -> str:
    """What is counted as one: an IPv4 address, or the network (/64) that an IPv6 one is chosen from at will."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed) if parsed is not None else address


@lru_cache(maxsize=20_000)
def region(address: str) -> str:
    """The network around an address: enough to recognise where one was, less than an address of a person (the first
    three bytes of an IPv4 address, the first 48 bits of an IPv6 one). Empty for what is no address."""
    parsed = _parsed(address)
    if parsed is None:
        return ""
    return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """The address in text such as 192.0.2.1, 192.0.2.1:8080, 2001:db8::1 or [2001:db8::1]:8080."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _plain(value: str) -> list[str]:
    """The entries of X-Forwarded-For, the nearest last."""
    return [entry for entry in value.split(",") if entry.strip()]


def _forwarded(value: str) -> list[str]:
    """Who each entry of Forwarded (RFC 7239) is for, the nearest last; empty text for one that does not say."""
    return [_for(entry.split(";")) for entry in value.split(",") if entry.strip()]


def _for(pairs: Iterable[str]) -> str:
    for pair in pairs:
        name, _, told = pair.strip().partition("=")
        if name.lower() == "for":
            return told.strip().strip('"')
    return ""
