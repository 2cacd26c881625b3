"""Mail by SMTP (RFC 5321), to one server that takes all of it."""

from __future__ import annotations

import asyncio
import ssl
from typing import NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from gateways.mail import Message, Sender, Unreachable, Unsendable, Unsent, composed

_PORTS = {"smtps": 465, "smtp": 587}
_NO_SERVICE = (421, 454, 530, 534, 535, 538)
"""Answers that are about the server or the account with it, and not about the letter."""


class Server(NamedTuple):
    """A mail server. TLS is spoken from the start (`smtps`), or once the server offers it; with `required` nothing is
    sent without it, which goes for every password that leaves this machine."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    required: bool

    @classmethod
    def of(cls, url: str) -> Self:
        """`smtps://user:password@host:port`, or `smtp://host:port?starttls=required`. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/"):
            raise ValueError("a mail server is named by smtp://host:port or smtps://user:password@host:port")
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        starttls = options.pop("starttls", "offered")
        if options or starttls not in ("offered", "required"):
            raise ValueError("the URL of a mail server takes ?starttls=offered or ?starttls=required")
        nearby = parts.hostname in ("localhost", "127.0.0.1", "::1")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=parts.scheme == "smtps",
            required=starttls == "required" or (parts.username is not None and not nearby),
        )


class Smtp:
    """Hands letters to a server, each on a connection of its own; implements gateways.mail.Mail for any thread."""

    def __init__(
        self,
        server: Server,
        sender: Sender,
        *,
        seconds: float = 20,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """`seconds` is how long all of it may take; `tls_context` says whose certificates are trusted (those that
        the system trusts)."""
        self._server = server
        self._sender = sender
        self._seconds = seconds
        self._tls_context = tls_context

    def send(self, message: Message) -> None:
        mail = composed(message, self._sender)
        recipient = mail["To"].addresses[0].addr_spec
        asyncio.run(self._deliver(mail.as_bytes(), recipient))

    async def _deliver(self, raw: bytes, recipient: str) -> None:
        server = self._server
        try:
            async with asyncio.timeout(self._seconds):
                await aiosmtplib.send(
                    raw,
                    sender=self._sender.address.addr_spec,
                    recipients=[recipient],
                    mail_options=[] if recipient.isascii() else ["SMTPUTF8"],
                    hostname=server.host,
                    port=server.port,
                    username=server.user,
                    password=server.password,
                    use_tls=server.tls,
                    start_tls=False if server.tls else server.required or None,
                    tls_context=self._tls_context,
                    timeout=self._seconds,
                )
        except SMTPAuthenticationError as error:
            raise Unreachable(f"the mail server does not let us in ({error.code})") from None
        except SMTPRecipientsRefused as error:
            raise _answered(error.recipients[0].code) from None
        except SMTPResponseException as error:
            raise _answered(error.code) from None
        except SMTPNotSupported as error:
            if not recipient.isascii():
                raise Unsendable("the mail server takes no address that is not ASCII") from None
            raise Unreachable(f"the mail server cannot do what it must ({error})") from None
        except (SMTPException, OSError, TimeoutError) as error:
            # What servers and libraries say may hold the address, so only the kind of failure is told.
            raise Unreachable(f"the mail server cannot be reached ({type(error).__name__})") from None


def _answered(code: int) -> Unsendable | Unsent:
    """What the answer of a server means for the letter (RFC 5321, 4.2.1)."""
    if code in _NO_SERVICE:
        return Unreachable(f"the mail server takes no letters now ({code})")
    if code >= 500:
        return Unsendable(f"the mail server refuses it ({code})")
    return Unsent(f"the mail server does not take it yet ({code})")
