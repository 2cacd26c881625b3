"""The invitation that a request is about, named by its id or by what its letter bears."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request

from api.carrying_out import carry_out
from api.idempotency import Frame, is_dry_run
from api.principal import principal
from api.reading import stream
from api.services import services
from gateways.invitation_tokens import InvitationTokens
from gateways.tokens import InvalidToken
from ledger.identity.user import User
from ledger.invitations.invitation import Invitation
from ledger.invitations.refusals import UnknownInvitation
from ledger.mailbox.commands import VerifyEmail


async def invited(request: Request, invitation_id: UUID) -> Invitation:
    """The invitation; whether it is theirs to answer is decided with the command. Raises UnknownInvitation."""
    found = await stream(request, invitation_id, Invitation)
    if found is None:
        raise UnknownInvitation("There is no such invitation.")
    return found


async def by_letter(request: Request, token: str) -> Invitation:
    """The invitation whose letter bears the token. Whoever shows it has read a letter to that address: if it is their
    own, it is verified by that. Raises UnknownInvitation."""
    known, who = services(request), principal(request)
    try:
        invitation_id = InvitationTokens(known.vault.mac).read(token)
    except InvalidToken:
        raise UnknownInvitation(
            "This is not what the letter of an invitation bears.", field="token"
        ) from None
    invitation = await invited(request, invitation_id)
    user = await stream(request, who.user_id, User)
    email = user.text.get("email") if user is not None else None
    if user is None or not email or not invitation.addressed_to(email):
        return invitation
    if not user.verified and not is_dry_run(request):
        about = Frame(
            command_id=known.new_id(),
            book_id=user.home_book_id,
            actor_id=user.user_id,
            now=known.clock(),
            request=None,
            dry_run=False,
        )
        await carry_out(request, VerifyEmail(**about, email=email))
    return invitation
