"""A letter: a few plain sentences and at most a link, told as text and as HTML alike."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

_PAGE = """\
<!doctype html>
<html lang="{locale}"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="font: 16px/1.5 sans-serif; max-width: 36em; margin: 2em auto; color: #222">
{body}
</body></html>
"""
_SIGNED = "Numina"


class Link(NamedTuple):
    """Something to press; `label` says what it does."""

    url: str
    label: str


class Letter(NamedTuple):
    """`parts` are paragraphs. No words that somebody chose for themselves are in it, but for what they need to
    recognise: else anybody could have us write what they like to whom they like. `locale` is the language that it is
    written in."""

    to: str
    subject: str
    parts: Sequence[str | Link]
    locale: str = "en"

    @property
    def text(self) -> str:
        told = (f"{p.label}:\n{p.url}" if isinstance(p, Link) else p for p in self.parts)
        return "\n\n".join([*told, _SIGNED]) + "\n"

    @property
    def html(self) -> str:
        body = "\n".join(f"<p>{_html(part)}</p>" for part in (*self.parts, _SIGNED))
        return _PAGE.format(locale=escape(self.locale), subject=escape(self.subject), body=body)


def _html(part: str | Link) -> str:
    if isinstance(part, Link):
        return f'<a href="{escape(part.url)}">{escape(part.label)}</a>'
    return escape(part)
