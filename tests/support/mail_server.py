"""A mail server on this machine, which takes, refuses, greylists or hangs as it is told."""

from __future__ import annotations

import asyncio
import socket
import ssl
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Letterbox:
    """What a server does with letters: `answer` is what it says to the next recipients, else it takes them."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.answer: str | None = None
        self.hangs = False
        self.encrypted: list[bool] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.hangs:
            await asyncio.sleep(60)
        if self.answer is not None:
            return self.answer.format(address=address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        self.encrypted.append(session.ssl is not None)
        message = message_from_bytes(bytes(envelope.content or b""), policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        return "250 OK"

    @property
    def ids(self) -> list[str]:
        return [str(message["Message-ID"]) for message in self.taken]


class MailServer:
    """A real server, from `with` to the end of it."""

    def __init__(
        self,
        letterbox: Letterbox,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        password: str | None = None,
        utf8: bool = True,
    ) -> None:
        def authenticate(*given: Any) -> AuthResult:
            data = given[-1]
            right = isinstance(data, LoginPassword) and data.password == (password or "").encode()
            return AuthResult(success=right, handled=False)

        more: dict[str, Any] = {}
        if password is not None:
            more = {"authenticator": authenticate, "auth_require_tls": False, "auth_required": True}
        self._controller = Controller(
            letterbox,
            hostname="127.0.0.1",
            port=0,
            ssl_context=tls,
            tls_context=starttls,
            enable_SMTPUTF8=utf8,
            **more,
        )

    def __enter__(self) -> MailServer:
        # The controller makes sure that it can be reached, at the port that it was told.
        self._controller._trigger_server = self._knock
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop(no_assert=True)

    def _knock(self) -> None:
        socket.create_connection(("127.0.0.1", self.port), timeout=5).close()

    @property
    def port(self) -> int:
        server = self._controller.server
        assert server is not None
        return int(server.sockets[0].getsockname()[1])
