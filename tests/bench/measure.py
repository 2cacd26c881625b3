"""A figure: samples of one measure, what it must reach, and by how much it did or did not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Goal:
    """A bound that the median of the samples is held against; `at_least` or at most."""

    bound: float
    unit: str
    at_least: bool

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {number(self.bound)} {self.unit}"


@dataclass(frozen=True)
class Row:
    """One line of the table. `bound_by` says what the machine was busy with; `note` what else must be known.

    A row without a goal (a peer, a detail) is there for comparison. `failure` replaces the samples when the
    measure could not be taken; it counts as missed.
    """

    measure: str
    samples: Sequence[float] = ()
    unit: str = ""
    goal: Goal | None = None
    bound_by: str = ""
    note: str = ""
    failure: str = ""

    @property
    def value(self) -> float:
        return median(self.samples) if self.samples else math.nan

    @property
    def ratio(self) -> float:
        """How far the goal is reached: 1 is just met, above is better, whichever way the bound points."""
        if self.goal is None or not self.samples or not self.value:
            return math.nan
        return self.value / self.goal.bound if self.goal.at_least else self.goal.bound / self.value

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return not self.failure and self.ratio >= 1

    @property
    def verdict(self) -> str:
        if self.failure:
            what = "" if self.samples else "not measured"
            return what if self.goal is None else f"missed {what}".strip()
        if self.goal is None:
            return ""
        if self.met:
            return "met"
        return f"missed by {abs(self.value - self.goal.bound) / self.goal.bound:.0%}"

    @property
    def spread(self) -> str:
        """Lowest to highest sample, so that the reader sees the noise."""
        if len(self.samples) < 2:
            return ""
        return f"{number(min(self.samples))}–{number(max(self.samples))}"


def at_least(bound: float, unit: str) -> Goal:
    return Goal(bound, unit, True)


def at_most(bound: float, unit: str) -> Goal:
    return Goal(bound, unit, False)


@dataclass
class Latencies:
    """Every latency of a run in seconds, so that percentiles are exact and not estimated."""

    seconds: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """In milliseconds: the smallest latency that a share in (0, 1] of the requests did not exceed."""
        if not self.seconds:
            return math.nan
        ordered = sorted(self.seconds)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000

    def __str__(self) -> str:
        shares = ((0.5, "p50"), (0.99, "p99"), (1.0, "max"))
        return ", ".join(f"{name} {number(self.percentile(share))} ms" for share, name in shares)


def number(value: float) -> str:
    """Readable, three significant digits below a hundred, thousands separated above."""
    if math.isnan(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
