"""The whole suite: every measure in turn on one throw-away PostgreSQL, then the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench import machine
from tests.bench.database import throwaway
from tests.bench.measure import Row
from tests.bench.measures.lag import lag
from tests.bench.measures.peers import peers, reports
from tests.bench.measures.posting import posting
from tests.bench.measures.reads import reads
from tests.bench.measures.scale import scale
from tests.bench.measures.signin import signin
from tests.bench.measures.writer import writer
from tests.bench.report import Report
from tests.bench.run import Run
from tests.bench.sizes import FULL, QUICK

MEASURES: dict[str, Callable[[Run], Iterator[Row]]] = {
    "writer": writer,
    "http": posting,
    "lag": lag,
    "scale": scale,
    "reads": reads,
    "signin": signin,
    "peers": peers,
    "hledger": reports,
}
BUSY = 0.5
"""A load average above which the figures are those of a machine that was doing something else as well."""
ROOT = Path(__file__).parents[2]


def run_suite(console: Console, *, quick: bool = False, only: Sequence[str] = ()) -> Report:
    """Measures, prints the table, and writes docs/performance.md and docs/performance.json.

    A quick or partial run says so and is written to build/ instead, so that it replaces no published figures.
    Raises KeyError for an unknown measure.
    """
    chosen = {name: MEASURES[name] for name in (only or MEASURES)}
    load = machine.load()
    caveat = _caveat(quick, only, load)
    console.print(f"[yellow]{caveat}[/]" if caveat else "The full suite; leave the machine alone meanwhile.")
    rows: list[Row] = []
    with throwaway() as server, _progress(console) as progress:
        settings = server.settings()
        console.print(", ".join(f"{name} = {value}" for name, value in settings.items()))
        task = progress.add_task("", total=len(chosen))

        def say(what: str) -> None:
            progress.update(task, description=what)
            progress.refresh()
            if not console.is_terminal:
                console.print(f"{time.strftime('%H:%M:%S')} {what}")

        run = Run(server, QUICK if quick else FULL, say)
        for name, function in chosen.items():
            rows.extend(_measured(name, function, run, console))
            progress.advance(task)
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    report = Report(rows, machine.describe(), settings, when, load, caveat)
    console.print(report.table())
    folder = ROOT / ("build" if quick or only else "docs")
    report.write(folder)
    console.print(f"Written to {folder.name}/performance.md and {folder.name}/performance.json")
    return report


def _measured(
    name: str, function: Callable[[Run], Iterator[Row]], run: Run, console: Console
) -> Iterator[Row]:
    """The rows of one measure; when it breaks, the rows so far and one that says why."""
    try:
        yield from function(run)
    except Exception as error:
        console.print_exception()
        lines = str(error).strip().splitlines() or [type(error).__name__]
        yield Row(name, failure=f"{type(error).__name__}: {lines[-1][:300]}")


def _caveat(quick: bool, only: Sequence[str], load: str) -> str:
    parts = []
    if quick:
        parts.append("A quick run with small sizes: a smoke test, not figures to quote.")
    if only:
        parts.append(f"A partial run: {', '.join(only)}.")
    if float(load) > BUSY:
        parts.append(f"The machine was busy with something else (load {load}): figures are too low.")
    return " ".join(parts)


def _progress(console: Console) -> Progress:
    """Drawn only when something new is said: a spinner would cost what is being measured."""
    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, auto_refresh=False, transient=True)
