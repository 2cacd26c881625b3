"""Carries out one batch of commands in one database transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec.structs import replace

from ledger import arrays
from ledger import batch as store
from ledger.batch import Answer, Answered, Head
from ledger.clock import Clock
from ledger.command import Command, Draft, Outcome
from ledger.loading import Loader
from ledger.memory import Memory, NotLoaded
from ledger.record import Fact, Recorded, encode
from ledger.refusals import KeyReused, Refusal, Unknown
from ledger.sealing import Keys, sealed, subject
from ledger.transactions.effects import effects

Submitted = tuple[Sequence[Command], bool]
FORGET_ALL_AFTER = 10_000


class NotCarriedOut(Refusal):
    """Another item of the same all-or-nothing request was refused."""

    code = "not_carried_out"


class Decider:
    """Decides commands in order, each seeing what the ones before it changed, and appends their facts.

    Holds the connection and the memory between batches; owned by the writer's thread. After any exception it
    must be thrown away: its memory may be ahead of what was stored.
    """

    def __init__(self, connection: psycopg.Connection[Any], keys: Keys, clock: Clock, lock_ms: int) -> None:
        arrays.register(connection)
        self._connection = connection
        self._keys = keys
        self._clock = clock
        self._lock_ms = lock_ms
        self._memory = Memory()
        self._loader = Loader(connection, self._memory, keys)
        self._seen = -1

    def close(self) -> None:
        self._connection.close()

    def carry_out(self, submissions: Sequence[Submitted]) -> list[list[Any]]:
        """The results of each submission's commands, after the commit."""
        memory = self._memory
        memory.begin()
        everything = [command for commands, _ in submissions for command in commands]
        keyed = [command.command_id for command in everything if command.request is not None]
        head, answered = store.lock(self._connection, keyed, self._lock_ms)
        self._catch_up(head)
        self._loader.load([c for c in everything if c.command_id not in answered])
        work = _Work(head, max(self._clock(), head.recorded_at), answered)
        results = [self._submission(commands, atomic, work) for commands, atomic in submissions]
        store.write(self._connection, head, work.facts, work.answers, memory, self._keys)
        self._seen = head.position + len(work.facts)
        for stream_id in work.short_lived:
            memory.streams.pop(stream_id, None)
        return results

    def _catch_up(self, head: Head) -> None:
        """Forgets what other processes changed since our last batch."""
        if head.position == self._seen:
            return
        if self._seen < 0 or head.position - self._seen > FORGET_ALL_AFTER or head.position < self._seen:
            self._memory.forget()
        else:
            self._memory.forget(store.streams_since(self._connection, self._seen, head.position))

    def _submission(self, commands: Sequence[Command], atomic: bool, work: _Work) -> list[Any]:
        mark = self._memory.mark(), len(work.facts), len(work.answers)
        results: list[Any] = []
        for index, command in enumerate(commands):
            result = self._one(command, work)
            if atomic and isinstance(result, Exception):
                self._memory.roll_back(mark[0])
                for answer in work.answers[mark[2] :]:
                    del work.answered[answer.command.command_id]
                del work.facts[mark[1] :], work.answers[mark[2] :]
                detail = f"Item {index} was refused, so no item was carried out."
                return [
                    result if i == index else NotCarriedOut(detail, item=index) for i in range(len(commands))
                ]
            results.append(result)
        return results

    def _one(self, command: Command, work: _Work) -> Outcome | Exception:
        earlier = work.answered.get(command.command_id) if command.request is not None else None
        if earlier is not None:
            return self._replay(command, earlier, work)
        mark = self._memory.mark()
        try:
            outcome = self._decide(command, work)
        except psycopg.Error:
            raise
        except Exception as error:
            # A refusal, or a defect in one decision: either way it costs this command alone.
            self._memory.roll_back(mark)
            return error
        if command.dry_run:
            self._memory.roll_back(mark)
            return outcome
        work.facts.extend(outcome.facts)
        if command.request is not None:
            answer = Answer(command, outcome.first, outcome.last, outcome.balances)
            work.answers.append(answer)
            work.answered[command.command_id] = Answered(*answer[1:3], command.request, outcome.balances)
        return outcome

    def _decide(self, command: Command, work: _Work) -> Outcome:
        """The decision and its effects; reads what only an earlier decision of the batch made necessary."""
        mark = self._memory.mark()
        try:
            return self._append(command, command.decide(self._memory), work)
        except NotLoaded:
            self._memory.roll_back(mark)
            self._loader.load([command])
        drafts = command.decide(self._memory)
        self._loader.balances((e.account_id, e.currency) for d in drafts for e in effects(d.fact))
        return self._append(command, drafts, work)

    def _append(self, command: Command, drafts: Sequence[Draft], work: _Work) -> Outcome:
        first = work.head.position + len(work.facts) + 1
        memory = self._memory
        facts = []
        touched: list[tuple[UUID, str]] = []
        for position, draft in enumerate(drafts, first):
            version, keys = memory.apply(draft, command.book_id)
            stream_id, fact = draft
            facts.append(
                Recorded(
                    position,
                    stream_id,
                    version,
                    fact.topic,
                    command.book_id,
                    work.now,
                    command.actor_id,
                    command.command_id,
                    command.name,
                    self._state(fact, stream_id, version, command),
                    fact,
                )
            )
            if keys:
                touched.extend(keys)
                work.short_lived.append(stream_id.int)
        sums = memory.sums
        balances = [(a, currency, sums[a.int, currency]) for a, currency in dict.fromkeys(touched)]
        if not drafts or command.dry_run:
            return Outcome(command.command_id, 0, 0, facts, balances)
        return Outcome(command.command_id, first, first + len(drafts) - 1, facts, balances)

    def _state(self, fact: Fact, stream_id: Any, version: int, command: Command) -> bytes:
        if not fact.text:
            return encode(fact)
        key = self._keys.of(subject(fact, stream_id, command.book_id))
        if key is None:
            raise Unknown("This book was erased.")
        return encode(replace(fact, text=sealed(fact, stream_id, version, key)))

    def _replay(self, command: Command, earlier: Answered, work: _Work) -> Outcome | Refusal:
        if earlier.request != command.request:
            return KeyReused(
                "This idempotency key came with another request before. Use a new key for a new request.",
                field="Idempotency-Key",
            )
        stored = [f for f in work.facts if earlier.first <= f.position <= earlier.last]
        facts = stored or self._loader.window(earlier.first, earlier.last)
        return Outcome(
            command.command_id, earlier.first, earlier.last, facts, earlier.balances, replayed=True
        )


class _Work:
    """What a batch gathers until it is written."""

    def __init__(self, head: Head, now: datetime, answered: dict[Any, Answered]) -> None:
        self.head = head
        self.now = now
        self.answered = answered
        self.facts: list[Recorded] = []
        self.answers: list[Answer] = []
        self.short_lived: list[int] = []
