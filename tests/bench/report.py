"""The table of a run: for the terminal, for docs/performance.md, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from tests.bench.measure import Row, number

COLORS = {True: "green", False: "red", None: "default"}


@dataclass(frozen=True)
class Report:
    """What a run found, and what must be known to read it."""

    rows: Sequence[Row]
    machine: Mapping[str, str]
    settings: Mapping[str, str]
    when: str
    load: str
    caveat: str = ""

    def table(self) -> Table:
        table = Table(title="Speed and size", caption=self.caveat or None)
        table.add_column("measure", overflow="fold", min_width=24)
        for name in ("must reach", "measured", "ratio"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("verdict")
        table.add_column("bound by, notes", overflow="fold", min_width=30)
        for row in self.rows:
            color = COLORS[row.met]
            table.add_row(
                row.measure,
                _goal(row),
                _value(row),
                number(row.ratio),
                f"[{color}]{row.verdict}[/]",
                _remarks(row),
            )
        return table

    def write(self, folder: Path) -> None:
        """performance.md and performance.json."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "performance.md").write_text(self._markdown())
        (folder / "performance.json").write_text(
            json.dumps(self._fields(), indent=1, ensure_ascii=False) + "\n"
        )

    def _markdown(self) -> str:
        head = [
            "# Speed and size",
            "",
            "Written by `make bench`. All figures are from one run on one machine, with client, service",
            "and PostgreSQL on the same cores and every commit durable. A figure is the median of its samples,",
            "with the lowest and the highest beside it; percentiles are exact. The ratio says how far a goal",
            "is reached: 1 is just met, more is better, whichever way the bound points.",
            "",
        ]
        if self.caveat:
            head += [f"**{self.caveat}**", ""]
        goals = [row for row in self.rows if row.goal is not None]
        others = [row for row in self.rows if row.goal is None]
        missed = [row for row in goals if not row.met]
        head += [f"{len(goals) - len(missed)} of {len(goals)} goals met.", ""]
        return "\n".join(
            [
                *head,
                "| measure | must reach | measured | samples | ratio | verdict | bound by, notes |",
                "|---|---|---|---|---|---|---|",
                *(_line(row) for row in goals),
                "",
                "## Beside it, in the same run",
                "",
                "| measure | measured | samples | notes |",
                "|---|---|---|---|",
                *(f"| {r.measure} | {_value(r)} | {r.spread} | {_remarks(r)} |" for r in others),
                "",
                "## Measured on",
                "",
                "| | |",
                "|---|---|",
                f"| when | {self.when} |",
                f"| load before the run | {self.load} |",
                *(f"| {name} | {value} |" for name, value in self.machine.items()),
                *(f"| PostgreSQL: {name} | {value} |" for name, value in self.settings.items()),
                "",
            ]
        )

    def _fields(self) -> dict[str, object]:
        return {
            "when": self.when,
            "load_before": self.load,
            "caveat": self.caveat,
            "machine": dict(self.machine),
            "postgresql": dict(self.settings),
            "rows": [_row_fields(row) for row in self.rows],
        }


def _line(row: Row) -> str:
    cells = (row.measure, _goal(row), _value(row), row.spread, number(row.ratio), row.verdict, _remarks(row))
    return f"| {' | '.join(cells)} |"


def _goal(row: Row) -> str:
    return str(row.goal) if row.goal is not None else ""


def _value(row: Row) -> str:
    return f"{number(row.value)} {row.unit}" if row.samples else "–"


def _remarks(row: Row) -> str:
    return "; ".join(part for part in (row.failure, row.bound_by, row.note) if part)


def _row_fields(row: Row) -> dict[str, object]:
    return {
        "measure": row.measure,
        "unit": row.unit,
        "samples": [round(sample, 3) for sample in row.samples],
        "median": round(row.value, 3) if row.samples else None,
        "goal": row.goal.bound if row.goal is not None else None,
        "at_least": row.goal.at_least if row.goal is not None else None,
        "met": row.met,
        "bound_by": row.bound_by,
        "note": row.note,
        "failure": row.failure,
    }
