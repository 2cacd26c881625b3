"""The command line: every command imports what it needs when it runs, so that help comes at once."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console

from numina.settings import Settings

app = typer.Typer(
    name="numina",
    help="Numina: a double-entry ledger for people's money. Start with: numina serve",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
console = Console(highlight=False)

Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 for any free one.", show_default="8000")]
Certificate = Annotated[Path | None, typer.Option(help="Certificate chain (PEM): serves HTTPS.")]
Key = Annotated[Path | None, typer.Option(help="Private key (PEM) of the certificate.")]


class Format(StrEnum):
    """What an export is written as."""

    jsonl = "jsonl"
    hledger = "hledger"
    beancount = "beancount"


class Role(StrEnum):
    """What somebody of the operator's staff is."""

    admin = "admin"
    auditor = "auditor"
    analyst = "analyst"


def _settings(**given: object) -> Settings:
    """The settings from the environment, with the options that were given on top."""
    return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # pydantic checks them


@app.command()
def serve(host: Host = None, port: Port = None, tls_cert: Certificate = None, tls_key: Key = None) -> None:
    """Run all of Numina: database, API, projector and scheduler. Ctrl-C stops it."""
    from numina.serving import serve

    serve(_settings(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key), console)


@app.command()
def api(host: Host = None, port: Port = None, tls_cert: Certificate = None, tls_key: Key = None) -> None:
    """Run the HTTP API alone."""
    from numina.workers import run_api

    run_api(_settings(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key))


@app.command()
def project() -> None:
    """Run the projector alone: it keeps the read models up with the record."""
    from numina.workers import run_projector

    run_projector(_settings())


@app.command()
def scheduler() -> None:
    """Run the scheduler alone: it does what is due without being asked."""
    from numina.workers import run_scheduler

    run_scheduler(_settings())


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from ledger.session import session_url
    from migrations.runner import migrate
    from numina.database import database

    with database(_settings()) as ready:
        applied = migrate(session_url(ready.url))
    for name in applied:
        console.print(f"Applied {name}")
    if not applied:
        console.print("The schema is up to date.")


@app.command()
def rebuild(
    name: Annotated[str | None, typer.Argument(help="One projection; without it, all of them.")] = None,
) -> None:
    """Rebuild the read models from the record, beside the live ones, and swap them in."""
    from numina.checking import rebuild

    rebuild(_settings(), name, console)


@app.command()
def verify(
    export: Annotated[
        Path | None, typer.Option(help="Check this export instead; needs no database.", exists=True)
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The signed checkpoint to check it against.", exists=True)
    ] = None,
    proof: Annotated[
        Path | None,
        typer.Option(help="Check this proof: of one fact, or of growth since --checkpoint.", exists=True),
    ] = None,
    key: Annotated[str | None, typer.Option(help="Your own copy of the checkpoint's verifier key.")] = None,
) -> None:
    """Check the laws on the live data, or an exported record or a proof against a signed checkpoint."""
    if proof is not None:
        from numina.proofs import verify_file

        if export is not None or key is None:
            raise typer.BadParameter("--proof needs --key, and stands without --export")
        report = verify_file(proof, key, checkpoint)
        print(report)
        raise typer.Exit(0 if report.ok else 1)
    from numina import checking

    if (export is None) != (checkpoint is None):
        raise typer.BadParameter("--export and --checkpoint belong together")
    if export is not None and checkpoint is not None:
        sound = checking.verify_offline(export, checkpoint, key, console)
    else:
        sound = checking.verify_live(_settings(), console)
    if not sound:
        raise typer.Exit(1)


@app.command()
def export(
    book: Annotated[UUID | None, typer.Option(help="One book; the journal formats need it.")] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format, typer.Option(help="jsonl is the whole record, which numina verify --export checks.")
    ] = Format.jsonl,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file instead of the screen.")
    ] = None,
) -> None:
    """Write the record as JSON lines, or a book as a journal for hledger or beancount."""
    from numina.exporting import export

    export(_settings(), format, book, output, console)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The backup to write; must not exist.")],
    with_master_key: Annotated[
        bool, typer.Option("--with-master-key", help="Write the master key beside it, to FILE.key.")
    ] = False,
) -> None:
    """Write a backup of everything: record, keys (wrapped) and read models."""
    from numina.backup import backup

    backup(_settings(), file, console, with_master_key=with_master_key)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup that numina backup wrote.", exists=True)],
    master_key: Annotated[
        Path | None, typer.Option(help="Take the master key from this file into the home.", exists=True)
    ] = None,
) -> None:
    """Restore a backup into an empty database, and verify it."""
    from numina.checking import verify_live
    from numina.restoring import restore

    restore(_settings(), file, master_key, console)
    if not verify_live(_settings(), console):
        raise typer.Exit(1)


@app.command("rotate-keys")
def rotate_keys(
    at_once: Annotated[
        bool,
        typer.Option("--at-once", help="Somebody may have a copy: accept nothing that older keys signed."),
    ] = False,
) -> None:
    """Sign access tokens with a new key from now on. Nobody is signed out."""
    from numina.rotating import rotate

    rotate(_settings(), console, at_once=at_once)


@app.command()
def grant(
    email: Annotated[str, typer.Argument(help="The address that they are registered with.")],
    role: Annotated[Role, typer.Argument(help="What they may do from now on.")],
    reason: Annotated[str, typer.Option(help="Why, for the record; the person can read it.")],
) -> None:
    """Give somebody a role. So comes the first admin; admins do the rest at /v1/admin/users."""
    from numina.granting import grant

    grant(_settings(), email, role.value, reason, console)


@app.command()
def demo(
    url: Annotated[str | None, typer.Option(help="A running service; without one, it is started.")] = None,
) -> None:
    """Fill a household with five years of history through the HTTP API."""
    from numina.demonstrating import demonstrate

    demonstrate(_settings(), url, console)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """Measure Numina beside its peers, from a checkout. Options: --quick, --only MEASURE."""
    from numina.measuring import measure

    raise typer.Exit(measure(context.args))


@app.command()
def docs(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when one is stale.")] = False,
) -> None:
    """Write the generated documents: fact schemas, problems, OpenAPI."""
    from numina.documents import write

    stale = write(check=check)
    if check and stale:
        console.print(f"Stale: {', '.join(map(str, stale))}; make docs writes them anew")
        raise typer.Exit(1)


def main() -> None:
    """Runs the command line. What a person can mend is told in one line, with exit code 1."""
    try:
        app()
    except Exception as error:
        if (told := _told(error)) is None:
            raise
        print(f"numina: {told}", file=sys.stderr)
        sys.exit(1)


def _told(error: Exception) -> str | None:
    """What to tell about an error that is no defect of the program; None for one that is."""
    import psycopg

    from migrations.fitness import MigrationRefused
    from numina.trouble import Trouble

    if isinstance(error, ValidationError):
        return "; ".join(f"{problem['loc'][-1:]}: {problem['msg']}" for problem in error.errors())
    if isinstance(error, psycopg.OperationalError):
        return f"the database cannot be used: {str(error).strip()}"
    return str(error) if isinstance(error, Trouble | MigrationRefused) else None
