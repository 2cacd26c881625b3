"""The catalogue of problems: every code that an error can bear, made from the refusals themselves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from ledger.refusals import Refusal, TryAgain

_HEADER = """\
# Problems

Every error is `application/problem+json` (RFC 9457). `code` is stable and what programs match on; `detail` is
for people; further members hold the facts of the refusal. "Retry" says whether it may succeed later.

| code | status | retry | meaning |
|---|---|---|---|
"""


def every(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """All classes of refusals that are imported, the given one included."""
    yield kind
    for child in kind.__subclasses__():
        yield from every(child)


@cache
def catalogue() -> str:
    """The page, in Markdown, ordered by code. Complete once the application is imported."""
    rows = {(kind.code, kind.status, kind.retry, _meaning(kind)) for kind in every()}
    rows.add(("try_again", 503, True, _meaning(TryAgain)))
    lines = []
    for code, status, retry, text in sorted(rows):
        again = "yes" if retry else "no"
        lines.append(f'| <a id="{code}"></a>`{code}` | {status} | {again} | {text} |')
    return _HEADER + "\n".join(lines) + "\n"


def _meaning(kind: type[Exception]) -> str:
    return " ".join((kind.__doc__ or "").strip().split("\n\n")[0].split())
