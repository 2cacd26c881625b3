"""Mail: messages as RFC 5322 wants them, and where they are handed over."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from ledger.mailbox.addresses import MOST_CHARACTERS, UnacceptableAddress, domain_of

MOST_SUBJECT = 200


class Message(NamedTuple):
    """A letter to one person. `id` is that of its cause: a letter that is sent twice is known to be the same; `at` is
    when that happened (aware). `subject` and `to` are one line each; `html` says the same as `text`."""

    id: UUID
    at: datetime
    to: str
    subject: str
    text: str
    html: str
    locale: str = "en"


class Unsendable(Exception):
    """This letter will never arrive: what it is addressed to is no address, or its server refuses it for good."""


class Unsent(Exception):
    """This letter was not taken now; it may be later."""


class Unreachable(Unsent):
    """No letter can be sent at the moment, whatever it is."""


class Mail(Protocol):
    """Somebody who takes letters."""

    def send(self, message: Message) -> None:
        """Hands the letter over; when it returns, somebody else has it. Raises Unsendable, Unsent, Unreachable.
        The same one may be sent again."""


class Sender:
    """Who the letters are from: an address, alone or as `Name <address>`."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for what is no address."""
        name, _, rest = text.rpartition("<")
        spec = rest.removesuffix(">").strip()
        try:
            self.address = _address(spec, name.strip().strip('"'))
        except Unsendable as error:
            raise ValueError(f"letters cannot be sent from {text!r}: {error}") from None

    @property
    def domain(self) -> str:
        return self.address.domain


def composed(message: Message, sender: Sender) -> EmailMessage:
    """The message with all headers, as text and HTML (RFC 2046, multipart/alternative). The Message-ID is made of its
    id. Raises Unsendable for an address or a subject that could be taken for more than one line or one address."""
    to = _address(message.to)
    if not message.subject or len(message.subject) > MOST_SUBJECT or not message.subject.isprintable():
        raise Unsendable("its subject is not a line")
    mail = EmailMessage(policy=SMTP if to.addr_spec.isascii() else SMTPUTF8)
    mail["From"] = sender.address
    mail["To"] = to
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id}@{sender.domain}>"
    # Nobody's holiday answer is wanted (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    # A fixed boundary: the same letter has the same bytes.
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    mail["Content-Language"] = message.locale
    mail.set_boundary(f"=_{message.id.hex}")
    return mail


def _address(spec: str, name: str = "") -> Address:
    """The address with its domain as mail servers take it. Raises Unsendable."""
    local, _, _ = spec.rpartition("@")
    if not spec.isprintable() or " " in spec or len(spec) > MOST_CHARACTERS or not name.isprintable():
        raise Unsendable("this is not one address")
    try:
        address = Address(name, local, domain_of(spec))
    except (UnacceptableAddress, ValueError, IndexError):
        raise Unsendable("this is not one address") from None
    if not local or address.addr_spec.count("@") != 1 or any(c in '"(),:;<>[\\]' for c in local):
        raise Unsendable("this is not one address")
    return address
