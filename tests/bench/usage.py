"""What the machine did while something was measured: processor time by part, idle time, memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import psutil

EVERY = 0.2
"""Seconds between two looks."""
MIB = 1 << 20
CORES = psutil.cpu_count() or 1


class Look(NamedTuple):
    """The clock (time.perf_counter, one for all processes), and processor seconds used since the first look."""

    at: float
    spent: dict[str, float]
    idle: float


@dataclass
class Usage:
    """A series of looks, and the most memory (MiB resident) that the first process of each role had."""

    looks: list[Look] = field(default_factory=list)
    peak_mib: dict[str, float] = field(default_factory=dict)

    def during(self, start: float, end: float, **besides: float) -> str:
        """Shares of one core by role between two moments of time.perf_counter, in words.

        `besides` names processor seconds that somebody else counted within that time, such as the client's.
        What is left of the machine is idle (waiting for the disk or for each other), or belongs to programs
        that are none of ours.
        """
        first = max((look for look in self.looks if look.at <= start), default=self.looks[0])
        last = min((look for look in self.looks if look.at >= end), default=self.looks[-1])
        span = last.at - first.at
        if span <= 0:
            return ""
        shares = {role: (spent - first.spent.get(role, 0.0)) / span for role, spent in last.spent.items()}
        shares |= {role: spent / (end - start) for role, spent in besides.items()}
        idle = (last.idle - first.idle) / span
        shares["other programs"] = CORES - idle - sum(shares.values())
        busiest = sorted(shares.items(), key=lambda item: -item[1])
        busy = [f"{role} {share:.0%}" for role, share in busiest if share >= 0.02]
        return f"of {CORES} cores: " + ", ".join([*busy, f"idle {idle:.0%}"])

    def whole(self, **besides: float) -> str:
        """The same for the whole series."""
        return self.during(self.looks[0].at, self.looks[-1].at, **besides)


@contextmanager
def measured(roles: Mapping[str, Sequence[int]], postmaster: int) -> Iterator[Usage]:
    """Looks at the processes of `roles`, and at those of PostgreSQL, while the block runs."""
    looker = _Looker(roles, postmaster)
    stop = threading.Event()

    def look_on() -> None:
        while not stop.wait(EVERY):
            looker.look()

    looker.look()
    thread = threading.Thread(target=look_on, daemon=True)
    thread.start()
    try:
        yield looker.usage
    finally:
        stop.set()
        thread.join()
        looker.look()


class _Looker:
    """Adds up what was used between looks; what a process that ends uses after the last one is lost."""

    def __init__(self, roles: Mapping[str, Sequence[int]], postmaster: int) -> None:
        self.usage = Usage()
        self._roles = roles
        self._server = psutil.Process(postmaster)
        self._seen: dict[int, float] = {}
        self._spent: dict[str, float] = {}

    def look(self) -> None:
        begun = bool(self._seen)
        for role, pids in self._roles.items():
            self._add(role, [psutil.Process(pid) for pid in pids], begun)
            peak = self.usage.peak_mib
            peak[role] = max(peak.get(role, 0.0), resident_mib(pids[0]))
        self._add("PostgreSQL", self._server.children(), begun)
        machine = psutil.cpu_times()
        idle = machine.idle + getattr(machine, "iowait", 0.0)
        self.usage.looks.append(Look(time.perf_counter(), dict(self._spent), idle))

    def _add(self, role: str, processes: Sequence[psutil.Process], begun: bool) -> None:
        """A process seen for the first time began after the last look, unless this is the first one."""
        self._spent.setdefault(role, 0.0)
        for process in processes:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            now = float(times.user + times.system)
            if begun or process.pid in self._seen:
                self._spent[role] += now - self._seen.get(process.pid, 0.0)
            self._seen[process.pid] = now


def resident_mib(pid: int) -> float:
    """The memory that a process has resident now."""
    return float(psutil.Process(pid).memory_info().rss) / MIB


def own_peak_mib() -> float:
    """The most memory that this process had resident since it began its program."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return float("nan")
