"""Exports: the whole record as evidence, or one book as a plain-text journal."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

import psycopg
from rich.console import Console

from ledger.sealing import Keys
from ledger.session import session_url
from numina.checking import progress
from numina.database import database
from numina.master_key import master_key
from numina.settings import Settings
from numina.trouble import Trouble


def export(settings: Settings, form: str, book: UUID | None, output: Path | None, console: Console) -> None:
    """Writes to `output`, complete or not at all, or to standard output; what is told goes to the console.

    Raises Trouble when the form and `book` do not fit: evidence is whole or it proves nothing, and a journal
    is of one book.
    """
    if (book is None) != (form == "jsonl"):
        raise Trouble(
            "jsonl is the whole record: for one book add --format hledger or beancount"
            if book
            else f"{form} needs --book with its id"
        )
    with database(settings) as ready, _sink(output) as out:
        if book is None:
            _export_record(ready, out, console)
        else:
            _export_journal(ready, form, book, out)
    if output is not None:
        console.print(f"Wrote {output}.", soft_wrap=True)


def _export_record(settings: Settings, out: IO[bytes], console: Console) -> None:
    from gateways.signing import SigningKeys
    from numina.export_record import export_record
    from numina.log_signer import log_signer

    verifier = log_signer(SigningKeys(settings.url, master_key(settings))).verifier
    with psycopg.connect(session_url(settings.url), autocommit=True) as connection:
        if out is sys.stdout.buffer:
            export_record(connection, out, verifier)
            return
        with progress(console, "Exporting") as tell:
            export_record(connection, out, verifier, tell)


def _export_journal(settings: Settings, form: str, book: UUID, out: IO[bytes]) -> None:
    from gateways.vault import Vault
    from numina.export_journal import export_journal
    from projections import tables

    _catch_up(settings, Vault(settings.url, master_key(settings), role="numina_projector"))
    with tables.connect(settings.url, tables.LIVE, writing=False) as connection:
        export_journal(connection, form, book, out)


def _catch_up(settings: Settings, vault: Keys) -> None:
    """Waits until the read models hold what is recorded by now: by the running projector, or one of its own
    where none runs."""
    from projections.projector import Projector

    stop, reached = threading.Event(), False
    projecting = threading.Thread(target=Projector(settings.url, vault).run, args=(stop,), daemon=True)
    projecting.start()
    try:
        with psycopg.connect(session_url(settings.url), autocommit=True) as connection:
            [head] = connection.execute("SELECT position FROM record.head").fetchone() or (0,)
            while not reached and projecting.is_alive():
                reached = _position(connection) >= head
                time.sleep(0 if reached else 0.05)
    finally:
        stop.set()
        projecting.join()
    if not reached:
        raise Trouble("the read models could not be brought up to date; numina rebuild makes them anew")


def _position(connection: psycopg.Connection[tuple[int]]) -> int:
    """How far the read models have come; -1 where there are none yet."""
    try:
        return (connection.execute("SELECT position FROM views.tracking").fetchone() or (-1,))[0]
    except psycopg.errors.UndefinedTable:
        return -1


@contextmanager
def _sink(output: Path | None) -> Iterator[IO[bytes]]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(f"{output.name}.partial")
    try:
        with open(partial, "wb") as out:
            yield out
        partial.rename(output)
    finally:
        partial.unlink(missing_ok=True)
