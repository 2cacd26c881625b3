"""Small JSON documents from elsewhere: never in the clear, never waited for long, never larger than is sensible."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
import orjson

MOST_BYTES = 512 * 1024


class Unreachable(Exception):
    """There was no answer, or none that can be made sense of."""


class Fetched(NamedTuple):
    """An answer: its status, and the JSON object in it."""

    status: int
    document: dict[str, Any]


class Fetching:
    """Follows no redirects: whoever is asked answers itself. For one event loop."""

    def __init__(self, *, seconds: float = 10, most_bytes: int = MOST_BYTES) -> None:
        """An answer may take so many `seconds` in all, and have so many bytes."""
        self._seconds = seconds
        self._most = most_bytes
        self._client: httpx2.AsyncClient | None = None

    async def get(self, url: str, *, bearer: str | None = None) -> Fetched:
        """Raises Unreachable."""
        headers = {} if bearer is None else {"authorization": f"Bearer {bearer}"}
        return await self._fetch("GET", url, headers)

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """Sends a form. Raises Unreachable."""
        return await self._fetch("POST", url, headers or {}, dict(form))

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _fetch(
        self, method: str, url: str, headers: Mapping[str, str], form: dict[str, str] | None = None
    ) -> Fetched:
        if not protected(url):
            raise Unreachable("the address is not protected by TLS")
        if self._client is None:
            self._client = httpx2.AsyncClient(follow_redirects=False, timeout=self._seconds)
        headers = {"accept": "application/json", **headers}
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream(method, url, headers=headers, data=form) as answer,
            ):
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > self._most:
                        raise Unreachable("the answer is too large")
            document = orjson.loads(body)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, orjson.JSONDecodeError) as error:
            raise Unreachable(type(error).__name__) from error
        if not isinstance(document, dict):
            raise Unreachable("the answer is no JSON object")
        return Fetched(answer.status_code, document)


def protected(url: object) -> bool:
    """Whether what is sent to an address can be read by nobody on the way: by TLS, or because it stays here."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _here(parts.hostname))


def _here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
