"""Why somebody is not invited, or does not join."""

from __future__ import annotations

from ledger.refusals import Refusal, Unknown


class UnknownInvitation(Unknown):
    """There is no such invitation of yours."""

    code = "unknown_invitation"


class InvitationOver(Refusal):
    """This invitation does not hold any more."""

    code = "invitation_over"
    status = 409


class TooManyInvitations(Refusal):
    """So many invitations to this book are open already."""

    code = "too_many_invitations"
    status = 409


class TooManyToday(Refusal):
    """You have invited many people today; more can be invited tomorrow."""

    code = "too_many_invitations_today"
    status = 429


class InviterUnverified(Refusal):
    """Show that your own address is yours before letters are sent in your name."""

    code = "inviter_unverified"
    status = 403


class ErasureAhead(Refusal):
    """You asked to be forgotten."""

    code = "erasure_ahead"
    status = 409
