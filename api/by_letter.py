"""Tokens out of letters: whose they are, and whether they can still be answered."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints
from starlette.requests import Request

from api.fields import Body
from api.idempotency import Frame, is_dry_run
from api.reading import stream
from api.services import services
from gateways.mail_tokens import Shown
from gateways.tokens import InvalidToken
from ledger.identity.user import User
from ledger.mailbox.mailbox import Purpose
from ledger.mailbox.refusals import LinkSpent

MailToken = Annotated[
    str,
    StringConstraints(max_length=200),
    Field(
        examples=["numina_m_AAGanT56EHxVj24NajsfLE0ABkv2x1z2QJ0qk5hXc3m7v1E8yB6tD0uRj2oKpLrWnM4sZaHfTgY1i"]
    ),
]
_SPENT = "The link was used, is too old, or is not whole. Ask for another."


class Answered(NamedTuple):
    """A letter that was answered: what the token says, the person, and the address that it was sent to."""

    shown: Shown
    user: User
    address: str


class WithToken(Body):
    """The token out of a letter: what comes after the # in its link."""

    token: MailToken


async def answered(request: Request, token: str, *purposes: Purpose) -> Answered:
    """The letter that `token` is from. Raises LinkSpent, alike for whatever is wrong with it."""
    known = services(request)
    try:
        shown = known.mail_tokens.read(token)
    except InvalidToken:
        raise LinkSpent(_SPENT, field="token") from None
    user = await stream(request, shown.user_id, User) if shown.purpose in purposes else None
    if user is None or not user.present:
        raise LinkSpent(_SPENT, field="token")
    address = user.mailbox.wanted if shown.purpose == "change" else user.text.get("email", "")
    awaited = user.mailbox.awaits(shown.purpose, shown.asked_at, known.clock())
    if not known.mail_tokens.made(shown, address) or not awaited:
        raise LinkSpent(_SPENT, field="token")
    return Answered(shown, user, address)


def of_person(request: Request, user: User) -> Frame:
    """The frame of a command about somebody who is not signed in, but has shown that they may."""
    known = services(request)
    return Frame(
        command_id=known.new_id(),
        book_id=user.home_book_id,
        actor_id=user.user_id,
        now=known.clock(),
        request=None,
        dry_run=is_dry_run(request),
    )
