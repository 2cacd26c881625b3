"""Somebody who has things done to them, and whoever writes to them about it."""

import datetime as dt
from typing import Any
from uuid import UUID

from gateways.mail import Message, Sender
from gateways.vault import Vault
from ledger.identity.commands import RegisterUser
from ledger.sessions.commands import OpenSession
from ledger.writer import Writer
from projections.projector import Projector
from scheduler.letters.desk import Desk
from scheduler.reactions.letters import Letters
from scheduler.reactions.reactor import Reactor
from tests.support.scenario import NOON, Scenario
from tests.support.service import MASTER_KEY

URL = "https://money.example.org"
SENDER = Sender("money@example.org")
MONTH = dt.timedelta(days=30)


class Post:
    """Takes letters, and fails as it is told."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.fails: Exception | None = None

    def send(self, message: Message) -> None:
        if self.fails is not None:
            raise self.fails
        self.sent.append(message)


class World:
    """Ada, who is about to register, and whoever writes to her."""

    def __init__(self, url: str) -> None:
        self.url, self.now = url, NOON
        self.vault = Vault(url, MASTER_KEY)
        self.writer = Writer(url, self.vault, clock=self.clock)
        self.writer.start()
        self.book = Scenario(self.writer.handle_sync)
        self.ada = self.book.fresh()
        self.post = Post()
        self.reactor = self.reacting(self.post)

    def reacting(self, mail: Any) -> Reactor:
        desk = Desk(self.url, self.vault, self.vault.mac, public_url=URL + "/", clock=self.clock)
        return Reactor(self.url, self.vault, Letters(mail, desk), clock=self.clock)

    def clock(self) -> dt.datetime:
        return self.now

    def later(self, **time: float) -> None:
        self.now += dt.timedelta(**time)
        self.book.now = self.now

    def do(self, kind: type, **fields: Any) -> Any:
        return self.book.do(kind, **{"actor_id": self.ada} | fields)

    def register(self, **fields: Any) -> None:
        given: dict[str, Any] = {
            "email": "Ada@example.org",
            "password": "$argon2id$first",
            "display_name": "Win money at https://evil.example",
            "currency": "EUR",
            "time_zone": "UTC",
        }
        self.do(RegisterUser, book_id=self.book.fresh(), **given | fields)

    def sign_in(self, device: str) -> UUID:
        session_id = self.book.fresh()
        self.do(
            OpenSession,
            book_id=self.ada,
            session_id=session_id,
            methods=("pwd",),
            digest=bytes(32),
            expires_at=self.now + MONTH,
            text={"device": device, "address": "198.51.100.0/24"},
        )
        self.later(seconds=1)
        return session_id

    def letters(self) -> list[Message]:
        """What is sent about everything that happened."""
        Projector(self.url, self.vault).catch_up()
        del self.post.sent[:]
        self.reactor()
        return list(self.post.sent)

    def subjects(self) -> list[str]:
        return [message.subject for message in self.letters()]
