"""What a request tells of the device that it comes from, as far as people recognise theirs by it."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from starlette.requests import Request

from api.services import context

MOST_CHARACTERS = 200


def device(request: Request) -> str:
    """What the client calls itself; empty if it says nothing."""
    named = context(request).headers.get(b"user-agent", b"").decode("latin-1")
    return "".join(c for c in named if c.isprintable())[:MOST_CHARACTERS]


def network(request: Request) -> str:
    """The network that the request came from: enough to recognise where one was, less than an address of a person
    (the first three bytes of an IPv4 address, the first 48 bits of an IPv6 one). Empty if it is not known."""
    client = request.scope.get("client")
    try:
        address = ip_address(client[0]) if client else None
    except ValueError:
        return ""
    if address is None:
        return ""
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))
