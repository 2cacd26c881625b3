"""Decides commands in order, each seeing what the ones before it changed, before any of it is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from msgspec.structs import replace

from ledger import store
from ledger.batch import Answered, Batch, Head
from ledger.clock import Clock
from ledger.command import Command, Draft, Outcome
from ledger.loading import Loader
from ledger.memory import Memory, NotLoaded, NotSettled, Resulting
from ledger.queue import Submission
from ledger.record import Fact, Recorded, encode
from ledger.refusals import KeyReused, Refusal, Unknown
from ledger.sealing import DataKey, Keys, nonces, sealed, subject

WARY = 100
"""Batches for which every command is looked up beforehand, once one came again."""
_TRANSACTION = "transaction."


class NotCarriedOut(Refusal):
    """Another item of the same all-or-nothing request was refused."""

    code = "not_carried_out"


class Decider:
    """Holds the memory of the record as it will be once everything decided so far is stored.

    Reads through `connection`; calls `settle` before it reads anything that a batch on its way into the
    database could change. After a failure to store, `forget` must be called before deciding anew.

    Hardly any command comes a second time, so whether it did is not asked beforehand: storing it fails on the
    key of registers.commands (Replayed). What would store nothing (a refusal, a trial) is asked about; and so is
    everything in the first batch of all, in that after others wrote, and for WARY batches after one came again.
    """

    def __init__(
        self, connection: psycopg.Connection[Any], keys: Keys, clock: Clock, settle: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._clock = clock
        self._settle = settle
        self._memory = Memory()
        self._loader = Loader(connection, self._memory, keys, settle)
        # Answers of commands that are decided and maybe not stored yet: where the database is not asked.
        self._answered: dict[int, Answered] = {}
        # Of the open batch only: a key that is destroyed must not seal anything after it.
        self._data_keys: dict[int, DataKey] = {}
        self._nonce = nonces()
        # Keyed commands of the present call that the database was not asked about, and for how many batches more
        # it is asked about all.
        self._unasked: list[UUID] = []
        # Commands of the present call for which nothing was read yet.
        self._unread: Sequence[Command] = ()
        self._wary = 1
        self.head: Head | None = None
        self.batch: Batch | None = None

    def close(self) -> None:
        self._connection.close()

    @property
    def hung_up(self) -> bool:
        """Whether the idle connection is lost."""
        return store.hung_up(self._connection)

    def catch_up(self, head: Head) -> None:
        """Learns that the log ends at `head`, and forgets everything: others may have changed it."""
        self._memory.forget()
        self.head = head

    def forget(self) -> None:
        """What was decided was not stored: nothing in memory can be trusted."""
        self._wary = max(self._wary, 1)
        self._memory.begin()
        self._memory.forget()
        self._answered.clear()
        self.head = self.batch = None

    def decide(self, submissions: Sequence[Submission]) -> list[list[Any]]:
        """The outcomes or refusals of each submission, their facts added to the open batch (opened now if there
        is none). Raises NotSettled or psycopg.Error, after which the batch must be forgotten."""
        if self.batch is None:
            self.batch = self._open()
        commands = [command for submission in submissions for command in submission.commands]
        answered, replayed = self._answered, self.batch.replayed
        self._unasked = unasked = []
        for command in commands:
            if command.request is None:
                continue
            if command.command_id.int in answered:
                # Known already, and held on to by this batch as well: the one that it came with may be stored,
                # and let go of it, at any of the reads below.
                replayed.append(command.command_id.int)
            else:
                unasked.append(command.command_id)
        if self._wary:
            self._ask(self.batch)
        self._unread = commands
        return [self._submission(s.commands, s.atomic, self.batch) for s in submissions]

    def _ask(self, batch: Batch) -> None:
        """Looks up which of the commands at hand were carried out before this batch. Raises NotSettled when one
        of them has been decided as new meanwhile."""
        asked, self._unasked = self._unasked, []
        found = store.answered(self._connection, asked)
        if found:
            self._wary = WARY
            if not found.keys().isdisjoint(self._answered):
                # What is being stored is no part of it.
                self._settle()
                raise NotSettled
            self._answered.update(found)
            batch.replayed.extend(found)

    def _read_ahead(self) -> None:
        """Reads what all commands at hand must know, once one of them lacks something: mostly none does."""
        unread, self._unread = self._unread, ()
        try:
            self._loader.load([command for command in unread if command.command_id.int not in self._answered])
        except (psycopg.Error, NotSettled):
            raise
        except Exception:
            # One could not say what it must know. Each now asks for itself, and that one alone is answered so.
            return

    def _open(self) -> Batch:
        if self.head is None:
            raise RuntimeError("catch_up tells where the log ends before anything is decided")
        if self._memory.full():
            self._settle()
            self._memory.trim()
        self._memory.begin()
        self._data_keys.clear()
        return Batch(self.head, max(self._clock(), self.head.recorded_at))

    def finish(self) -> tuple[Batch, list[bytes] | None]:
        """Closes the open batch: it, and the parameters of the statement that stores it."""
        batch = self.batch
        if batch is None:
            raise RuntimeError("nothing was decided")
        parameters = batch.parameters(self._memory, self._keys)
        self.batch, self.head = None, batch.reached
        if self._wary:
            self._wary -= 1
        return batch, parameters

    def stored(self, batch: Batch, handed_over: Sequence[Batch] = ()) -> None:
        """`batch` is committed: what only bridged the time until then is forgotten, but for what later batches,
        those `handed_over` and the open one, have gone on from."""
        later = [*handed_over, self.batch] if self.batch is not None else handed_over
        replayed = {number for each in later for number in each.replayed}
        for number in (*(answer.command_id.int for answer in batch.answers), *batch.replayed):
            if number not in replayed:
                self._answered.pop(number, None)
        changed = {number for each in later for number in each.short_lived}
        for number in batch.short_lived:
            if number not in changed:
                self._memory.streams.pop(number, None)

    def _submission(self, commands: Sequence[Command], atomic: bool, batch: Batch) -> list[Any]:
        mark = self._memory.mark(), len(batch.facts), len(batch.answers)
        results: list[Any] = []
        # The items of a trial see each other, as they would in earnest.
        trial = bool(commands) and all(command.dry_run for command in commands)
        for index, command in enumerate(commands):
            result = self._one(command, batch, keep=trial)
            if atomic and isinstance(result, Exception):
                self._memory.roll_back(mark[0])
                for answer in batch.answers[mark[2] :]:
                    del self._answered[answer.command_id.int]
                del batch.facts[mark[1] :], batch.answers[mark[2] :]
                detail = f"Item {index} was refused, so no item was carried out."
                return [
                    result if i == index else NotCarriedOut(detail, item=index) for i in range(len(commands))
                ]
            results.append(result)
        if trial:
            self._memory.roll_back(mark[0])
        return results

    def _one(self, command: Command, batch: Batch, keep: bool) -> Outcome | Exception:
        """What came of a command. What a dry run changed in memory stays there for now if `keep`."""
        if command.request is not None:
            if command.dry_run and self._unasked:
                self._ask(batch)
            earlier = self._answered.get(command.command_id.int)
            if earlier is not None:
                return self._replay(command, earlier, batch)
        mark = self._memory.mark()
        try:
            try:
                outcome = self._append(command, command.decide(self._memory), batch)
            except NotLoaded as missing:
                self._memory.roll_back(mark)
                outcome = self._informed(command, batch, missing)
        except (psycopg.Error, NotSettled):
            raise
        except Exception as error:
            # A refusal, or a defect in one decision: either way it costs this command alone.
            self._memory.roll_back(mark)
            if command.request is not None and self._unasked:
                self._ask(batch)
                return self._one(command, batch, keep)
            return error
        if command.dry_run:
            if not keep:
                self._memory.roll_back(mark)
            return outcome
        batch.facts.extend(outcome.facts)
        if command.request is not None:
            answer = Answered(
                command.command_id, outcome.first, outcome.last, command.request, outcome.balances
            )
            batch.answers.append(answer)
            self._answered[command.command_id.int] = answer
        return outcome

    def _informed(self, command: Command, batch: Batch, lacking: NotLoaded) -> Outcome:
        """The decision and its effects, after reading what it says it must know, and then what it turns out to
        lack because an earlier decision of the batch made it necessary."""
        mark = self._memory.mark()
        self._read_ahead()
        self._loader.load([command])
        lacked: set[tuple[Any, ...]] = set()
        while lacking.args not in lacked:
            lacked.add(lacking.args)
            self._loader.fetch(lacking)
            try:
                return self._append(command, command.decide(self._memory), batch)
            except NotLoaded as missing:
                self._memory.roll_back(mark)
                lacking = missing
        raise lacking

    def _append(self, command: Command, drafts: Sequence[Draft], batch: Batch) -> Outcome:
        first = batch.head.position + len(batch.facts) + 1
        memory = self._memory
        facts = []
        touched: list[Resulting] = []
        for position, draft in enumerate(drafts, first):
            version, changes = memory.apply(draft, command.book_id)
            stream_id, fact = draft.stream_id, draft.fact
            facts.append(
                Recorded(
                    position,
                    stream_id,
                    version,
                    fact.topic,
                    command.book_id,
                    batch.now,
                    command.actor_id,
                    command.command_id,
                    command.name,
                    self._state(fact, stream_id, version, command.book_id),
                    fact,
                )
            )
            if changes or fact.topic.startswith(_TRANSACTION):
                batch.short_lived.append(stream_id.int)
                touched += changes
        memory.exchange_names()
        balances = _last(touched)
        if not drafts or command.dry_run:
            return Outcome(command.command_id, 0, 0, facts, balances)
        return Outcome(command.command_id, first, first + len(drafts) - 1, facts, balances)

    def _state(self, fact: Fact, stream_id: UUID, version: int, book_id: UUID) -> bytes:
        """The bytes to be stored, the text sealed in them. Raises Unknown for a book or person that was erased."""
        if not fact.text:
            return encode(fact)
        owner = subject(fact, stream_id, book_id)
        key = self._data_keys.get(owner.int)
        if key is None:
            key = self._keys.of(owner)
            if key is None:
                raise Unknown("This book was erased.")
            self._data_keys[owner.int] = key
        return encode(replace(fact, text=sealed(fact, stream_id, version, key, self._nonce)))

    def _replay(self, command: Command, earlier: Answered, batch: Batch) -> Outcome | Refusal:
        if not earlier.request and command.request:
            return KeyReused(
                "This idempotency key came long ago, and what was asked with it is forgotten. Use a new key.",
                field="Idempotency-Key",
            )
        if earlier.request != command.request:
            return KeyReused(
                "This idempotency key came with another request before. Use a new key for a new request.",
                field="Idempotency-Key",
            )
        facts: Sequence[Recorded] = [f for f in batch.facts if earlier.first <= f.position <= earlier.last]
        if not facts:
            facts = self._loader.window(earlier.first, earlier.last)
        return Outcome(
            command.command_id, earlier.first, earlier.last, facts, earlier.balances, replayed=True
        )


def _last(balances: Sequence[Resulting]) -> Sequence[Resulting]:
    """Each account and currency once, in the order of first mention, with the last balance of it."""
    if len(balances) == 2 and balances[0][0].int != balances[1][0].int:
        return balances
    return list({(balance[0].int, balance[1]): balance for balance in balances}.values())
