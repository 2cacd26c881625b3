"""Writes to people: a letter for each fact that has one."""

from __future__ import annotations

from typing import Literal

from gateways.mail import Mail, Message, Unreachable, Unsendable, Unsent
from ledger.ids import derived_id
from ledger.record import Recorded
from scheduler.letters.desk import Desk
from scheduler.letters.writers import WRITERS, writer_of
from scheduler.reactions.reaction import NotNow, NotYet, SetAside


class Letters:
    """The reaction that hands letters to `mail`. The id of one is derived from its fact, so that a mail server, or a
    reader, can tell that it is the same one when it comes twice."""

    name = "letters"
    topics = tuple(WRITERS)
    begins: Literal["start", "head"] = "head"

    def __init__(self, mail: Mail, desk: Desk) -> None:
        self._mail = mail
        self._desk = desk

    def react(self, recorded: Recorded) -> None:
        writer = writer_of(recorded.topic)
        letter = writer(recorded, self._desk) if writer is not None else None
        if letter is None:
            return
        message = Message(
            id=derived_id("letter", recorded.stream_id.bytes, str(recorded.version)),
            at=recorded.recorded_at,
            to=letter.to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            locale=letter.locale,
        )
        try:
            self._mail.send(message)
        except Unsendable as error:
            raise SetAside(str(error)) from None
        except Unreachable as error:
            raise NotNow(str(error)) from None
        except Unsent as error:
            raise NotYet(str(error)) from None
