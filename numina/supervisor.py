"""The supervisor: keeps a set of worker processes running, restarts those that die, and stops them all."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0
STEADY_AFTER = 30.0
"""Seconds of life after which a worker's earlier failures are forgotten."""


@dataclass(frozen=True)
class Worker:
    """One process to keep running: its name, command, environment, and file descriptors to hand down."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    descriptors: Sequence[int] = ()


@dataclass
class _State:
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    due: float = 0.0
    failures: int = 0


@dataclass
class Supervisor:
    """Keeps the workers running for as long as somebody calls tend() several times a second.

    `say` is told, in one line, of each death. Time is read from `now`, in seconds.
    """

    workers: Sequence[Worker]
    say: Callable[[str], None]
    now: Callable[[], float] = time.monotonic
    _states: dict[str, _State] = field(default_factory=dict)

    def tend(self) -> None:
        """Starts what does not run: a worker that died, after a pause that doubles up to half a minute."""
        for worker in self.workers:
            state = self._states.setdefault(worker.name, _State())
            if state.process is not None and (code := state.process.poll()) is not None:
                self._note_death(worker, state, code)
            if state.process is None and self.now() >= state.due:
                self._start(worker, state)

    def failures(self, name: str) -> int:
        """How often the worker died in a row without having been steady in between."""
        return self._states[name].failures if name in self._states else 0

    def processes(self) -> dict[str, int]:
        """The process id of each worker that runs."""
        return {name: state.process.pid for name, state in self._states.items() if state.process}

    def stop(self, limit: float, impatient: Callable[[], bool] = lambda: False) -> None:
        """Asks every worker to end, and kills those that did not within `limit` seconds, or at once when
        `impatient` says so."""
        running = [state.process for state in self._states.values() if state.process]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = self.now() + limit
        while any(process.poll() is None for process in running):
            if self.now() >= deadline or impatient():
                for process in running:
                    process.kill()
            time.sleep(0.02)
        self._states.clear()

    def _start(self, worker: Worker, state: _State) -> None:
        state.process = subprocess.Popen(  # noqa: S603 - the commands are Numina's own
            list(worker.command),
            env=dict(worker.environment),
            stdin=subprocess.DEVNULL,
            pass_fds=tuple(worker.descriptors),
            # Ctrl-C reaches the whole foreground group: the workers are to hear of it from here alone.
            process_group=0,
        )
        state.started = self.now()

    def _note_death(self, worker: Worker, state: _State, code: int) -> None:
        state.process = None
        if self.now() - state.started >= STEADY_AFTER:
            state.failures = 0
        pause = min(FIRST_PAUSE * 2**state.failures, LONGEST_PAUSE)
        state.failures += 1
        state.due = self.now() + pause
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        self.say(f"{worker.name} {how}; starting it again in {pause:g} s")
