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
    """The clock (time.perf_counter, the same in all processes), and processor seconds used until then."""

    at: float
    by_process: dict[str, dict[int, float]]
    idle: float


@dataclass
class Usage:
    """A series of looks, and the most memory (MiB resident) that the first process of each role had."""

    looks: list[Look] = field(default_factory=list)
    peak_mib: dict[str, float] = field(default_factory=dict)

    def during(self, start: float, end: float, client: float = 0.0) -> str:
        """Shares of one core by role between two moments of time.perf_counter, in words.

        `client` is the processor time that the load itself took. What is left of the machine is idle (waiting
        for the disk or for each other), or belongs to programs that are none of ours.
        """
        first = max((look for look in self.looks if look.at <= start), default=self.looks[0])
        last = min((look for look in self.looks if look.at >= end), default=self.looks[-1])
        span = last.at - first.at
        if span <= 0:
            return ""
        shares = {
            role: sum(spent - first.by_process[role].get(pid, 0.0) for pid, spent in after.items()) / span
            for role, after in last.by_process.items()
        }
        if client:
            shares["client"] = client / (end - start)
        idle = (last.idle - first.idle) / span
        shares["other programs"] = CORES - idle - sum(shares.values())
        busiest = sorted(shares.items(), key=lambda item: -item[1])
        busy = [f"{role} {share:.0%}" for role, share in busiest if share >= 0.02]
        return f"of {CORES} cores: " + ", ".join([*busy, f"idle {idle:.0%}"])

    def whole(self) -> str:
        """The same for the whole series."""
        return self.during(self.looks[0].at, self.looks[-1].at)


@contextmanager
def measured(roles: Mapping[str, Sequence[int]], postmaster: int) -> Iterator[Usage]:
    """Looks at the processes of `roles`, and at those of PostgreSQL, while the block runs.

    What a process that ended meanwhile used since the last look is lost.
    """
    usage = Usage()
    stop = threading.Event()
    server = psutil.Process(postmaster)

    def look_on() -> None:
        while not stop.is_set():
            _look(roles, server, usage)
            stop.wait(EVERY)

    _look(roles, server, usage)
    looker = threading.Thread(target=look_on, daemon=True)
    looker.start()
    try:
        yield usage
    finally:
        stop.set()
        looker.join()
        _look(roles, server, usage)


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


def _look(roles: Mapping[str, Sequence[int]], server: psutil.Process, usage: Usage) -> None:
    by_process = {role: {pid: _seconds(psutil.Process(pid)) for pid in pids} for role, pids in roles.items()}
    by_process["PostgreSQL"] = {each.pid: _seconds(each) for each in server.children()}
    machine = psutil.cpu_times()
    idle = machine.idle + getattr(machine, "iowait", 0.0)
    usage.looks.append(Look(time.perf_counter(), by_process, idle))
    for role, pids in roles.items():
        usage.peak_mib[role] = max(usage.peak_mib.get(role, 0.0), resident_mib(pids[0]))


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
