"""What a request tells of the device that it comes from, as far as people recognise theirs by it."""

from __future__ import annotations

from starlette.requests import Request

from api.proxies import region
from api.services import context

MOST_CHARACTERS = 200


def device(request: Request) -> str:
    """What the client calls itself; empty if it says nothing."""
    named = context(request).headers.get(b"user-agent", b"").decode("latin-1")
    return "".join(c for c in named if c.isprintable())[:MOST_CHARACTERS]


def network(request: Request) -> str:
    """The network that the request came from, as proxies.region has it; empty if it is not known."""
    return region(context(request).address)
