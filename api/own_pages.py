"""Pages that people may be sent to: only our own."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from ledger.refusals import Refusal

# What browsers read otherwise than we do (RFC 3986 allows none of it): spaces, backslashes, controls, other scripts.
_PLAIN = re.compile(r"[!-\[\]-~]+")


class ForeignPage(Refusal):
    """People are sent to pages of this service only."""

    code = "foreign_page"


def own_page(url: str, origins: Collection[str], *, field: str) -> None:
    """Raises ForeignPage unless `url` is an absolute one at one of `origins`, and without a fragment."""
    if _PLAIN.fullmatch(url):
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = None
        if parts is not None and "#" not in url and f"{parts.scheme}://{parts.netloc}" in origins:
            return
    raise ForeignPage("It must be at an origin of this service, which its operator sets up.", field=field)
