"""Why an address is not taken, or a letter not answered."""

from __future__ import annotations

from ledger.refusals import Refusal


class EmailTaken(Refusal):
    """Somebody is registered with this e-mail address."""

    code = "email_taken"
    status = 409


class LinkSpent(Refusal):
    """This link is not good any more."""

    code = "link_spent"


class TooManyLetters(Refusal):
    """You were sent several letters already."""

    code = "too_many_letters"
    status = 429
