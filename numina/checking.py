"""Rebuilding and verifying, with progress shown."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from numina.database import database
from numina.master_key import master_key
from numina.settings import Settings
from numina.trouble import Trouble


@contextmanager
def progress(console: Console, what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar that is told how many facts are done, of how many where that is known."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def rebuild(settings: Settings, name: str | None, console: Console) -> None:
    """Rebuilds one projection or all, while the service may run. Raises Trouble for an unknown name."""
    from gateways.vault import Vault
    from projections.rebuild import LeftBehind, RebuildRunning, UnknownProjection
    from projections.rebuild import rebuild as make_anew

    with database(settings) as ready:
        vault = Vault(ready.url, master_key(ready), role="numina_projector")
        try:
            with progress(console, "Rebuilding") as tell:
                done = make_anew(ready.url, vault, {name} if name else None, progress=tell)
        except (LeftBehind, RebuildRunning, UnknownProjection) as error:
            raise Trouble(str(error)) from error
        finally:
            vault.close()
    facts = f"{done.position:,} facts in {done.seconds:.1f} s"
    console.print(f"Rebuilt {', '.join(done.names)} from {facts}.", soft_wrap=True)


def verify_offline(export: Path, checkpoint: Path, key: str | None, console: Console) -> bool:
    """Checks an export against a checkpoint with no database; False when something is wrong."""
    from numina.offline import verify_export

    with progress(console, "Checking") as tell:
        report = verify_export(export, _note(checkpoint), key, tell)
    console.print(str(report), markup=False, soft_wrap=True)
    return report.ok


def _note(checkpoint: Path) -> str:
    """The signed note in the file: the note itself, or the whole answer of GET /v1/audit/checkpoint."""
    text = checkpoint.read_text(errors="replace")
    try:
        answer = json.loads(text)
    except ValueError:
        return text
    return str(answer["checkpoint"]) if isinstance(answer, dict) and "checkpoint" in answer else text


def verify_live(settings: Settings, console: Console) -> bool:
    """Checks the laws on the live data; False when one is broken."""
    from numina.verification import verify

    with database(settings) as ready, progress(console, "Verifying") as tell:
        report = verify(ready.url, master_key(ready), tell)
    console.print(str(report), markup=False, soft_wrap=True)
    return report.ok
