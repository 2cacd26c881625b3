"""The master key: 32 bytes that wrap the data keys, from the settings or from a file of its owner's alone."""

import base64
import binascii
import os
import secrets
from pathlib import Path

from numina.settings import Settings
from numina.trouble import Trouble

LENGTH = 32
FILE = "master.key"


class MasterKeyError(Trouble):
    """The master key cannot be had; the message says why."""


def master_key(settings: Settings) -> bytes:
    """The key from NUMINA_MASTER_KEY, or from master.key in the home, which is made on first use.

    Raises MasterKeyError for text that is not 32 bytes in base64: a wrong key must stop the service before it
    wraps anything.
    """
    if settings.master_key is not None:
        return decode(settings.master_key.get_secret_value(), "NUMINA_MASTER_KEY")
    path = settings.home / FILE
    if not path.exists():
        settings.home.mkdir(parents=True, exist_ok=True)
        write_new(path, secrets.token_bytes(LENGTH))
    return decode(path.read_text(), str(path))


def write_new(path: Path, key: bytes) -> None:
    """Writes the key where no file is yet, complete or not at all; another process's file stands."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(base64.b64encode(key).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def decode(text: str, source: str) -> bytes:
    """The key in `text`. Raises MasterKeyError, naming the source, unless it is 32 bytes in base64."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        raise MasterKeyError(f"{source} is not base64") from None
    if len(key) != LENGTH:
        raise MasterKeyError(f"{source} holds {len(key)} bytes, not {LENGTH}")
    return key
