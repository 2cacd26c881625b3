"""Mail on a machine without a mail server: each letter becomes a file that any mail program opens."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from gateways.mail import Message, Sender, Unreachable, composed


class Outbox:
    """A folder of letters, oldest first by name; implements gateways.mail.Mail.

    A letter is in it wholly or not at all, once however often it is sent, and for the eyes of its owner alone.
    """

    def __init__(self, folder: Path, sender: Sender) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, message: Message) -> None:
        raw = composed(message, self._sender).as_bytes()
        name = f"{message.at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{message.id}.eml"
        draft = self._folder / f".{name}.{os.getpid()}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._folder / name)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise Unreachable(f"the outbox cannot be written ({error.strerror})") from None


def forget(folder: Path, before: datetime) -> int:
    """Removes the letters of the outbox that are older than `before` (aware); how many they were."""
    oldest = f"{before.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    old = [path for path in folder.glob("*.eml") if path.name < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
