"""`numina grant`: gives somebody a role from the command line, above all the first admin theirs."""

from __future__ import annotations

import psycopg
import typer
from rich.console import Console

from gateways.vault import Vault
from ledger.authority.commands import GrantRole
from ledger.clock import system_clock
from ledger.entities import fold
from ledger.identity.user import User
from ledger.ids import NIL, new_id
from ledger.log import read_streams
from ledger.mailbox.claims import KIND, email_claims
from ledger.refusals import Refusal, TryAgain
from ledger.session import session_url
from ledger.writer import Writer
from numina.database import database
from numina.master_key import master_key
from numina.settings import Settings

_HOLDER = "SELECT holder FROM registers.claims WHERE scope = %s AND kind = %s AND digest = ANY(%s)"
_NEXT = {
    "admin": "They manage people at /v1/admin/users, and read no one's money.",
    "auditor": "They read the trail of every book at /v1/admin/audit/logs, without text.",
    "analyst": "They read sums under pseudonyms at /v1/admin/statistics.",
}


def grant(settings: Settings, email: str, role: str, reason: str, console: Console) -> None:
    """Grants the role and tells what comes of it. Raises typer.Exit(1), having said why, where it cannot be."""
    with database(settings) as ready:
        vault = Vault(ready.url, master_key(ready))
        writer = Writer(ready.url, vault)
        try:
            user = _somebody(ready.url, vault, email)
            if user is None:
                console.print(
                    f"Nobody is registered as {email}. They register first: POST /v1/auth/register."
                )
                raise typer.Exit(1)
            writer.start()
            granted = _granted(writer, user, role, reason, console)
        finally:
            writer.stop()
            vault.close()
    if not granted:
        console.print(f"{email} is {role} already. Nothing was changed.")
        return
    console.print(f"{email} is {role} now; running services know within seconds.")
    console.print(_NEXT[role])
    if not user.verified:
        console.print("Their address is not verified: make sure that it is who you think.")
    if not user.passkeys.keys and user.factors.totp is None:
        console.print("They have no second factor yet. Ask for one: a password is little for this role.")


def _granted(writer: Writer, user: User, role: str, reason: str, console: Console) -> bool:
    command = GrantRole(
        command_id=new_id(),
        book_id=user.home_book_id,
        actor_id=NIL,
        now=system_clock(),
        user_id=user.user_id,
        role=role,
        reason=reason,
        operator=True,
    )
    try:
        return bool(writer.handle_sync(command).facts)
    except (Refusal, TryAgain) as error:
        console.print(f"Nothing was changed. {error}")
        raise typer.Exit(1) from None


def _somebody(url: str, vault: Vault, email: str) -> User | None:
    """Who is registered with the address."""
    digests = [vault.fingerprint(claim.text) for claim in email_claims(email)]
    with psycopg.connect(session_url(url, "numina_service"), autocommit=True) as connection:
        row = connection.execute(_HOLDER, (NIL, KIND, digests)).fetchone()
        if row is None:
            return None
        user = fold(read_streams(connection, [row[0]], vault))
    return user if isinstance(user, User) and user.present else None
