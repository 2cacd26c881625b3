"""Mail: the settings turned into a way to send it, and into the letters that are sent."""

from __future__ import annotations

from gateways.mail import Mail, Sender
from gateways.outbox import Outbox
from gateways.smtp import Server, Smtp
from gateways.vault import Vault
from ledger.clock import system_clock
from numina.settings import Settings
from numina.trouble import Trouble
from scheduler.letters.desk import Desk
from scheduler.reactions.letters import Letters

OUTBOX = "outbox"


class MailError(Trouble):
    """The settings of mail make no sense; the message says which."""


def mail(settings: Settings) -> Mail:
    """The mail server of the settings, or a folder in the home. Raises MailError."""
    try:
        sender = Sender(settings.mail_from or f"Numina <numina@{settings.domain}>")
        if settings.smtp_url is None:
            return Outbox(settings.home / OUTBOX, sender)
        return Smtp(Server.of(settings.smtp_url.get_secret_value()), sender)
    except ValueError as error:
        raise MailError(str(error)) from None


def letters(settings: Settings, vault: Vault) -> Letters:
    """The reaction that writes to people. Raises MailError."""
    public_url = str(settings.public_url) if settings.public_url is not None else settings.base_url
    desk = Desk(settings.url, vault, vault.mac, public_url=public_url, clock=system_clock)
    return Letters(mail(settings), desk)
