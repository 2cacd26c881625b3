"""A ledger without a database: the product's own decisions and arithmetic over lists and dictionaries."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from ledger.accounts.account import CHILD
from ledger.command import Claim, Command, Day, Draft, Outcome, Usage
from ledger.memory import NOTHING, Memory
from ledger.record import Recorded, encode
from ledger.transactions.effects import effects


class Everything(Memory):
    """A memory in which nothing is ever missing."""

    def __init__(self) -> None:
        super().__init__()
        self.record: list[Recorded] = []
        self.by_stream: dict[UUID, list[Recorded]] = {}

    def entity(self, kind: type[Any], stream_id: UUID) -> Any:
        self.streams.setdefault(stream_id.int, (0, None))
        return super().entity(kind, stream_id)

    def version(self, stream_id: UUID) -> int:
        return self.streams.get(stream_id.int, (0, None))[0]

    def balance(self, account_id: UUID, currency: str) -> Any:
        return self.sums.get((account_id.int, currency), NOTHING)

    def days(self, account_id: UUID, currency: str, start: date) -> Sequence[Day]:
        known = self.dates.get((account_id.int, currency), (date.min, {}))
        return sorted(known[1].values())

    def holder(self, scope: UUID, kind: str, text: str) -> UUID | None:
        return self.names.get(Claim(scope, kind, text))

    def facts(self, first: int, last: int) -> Sequence[Recorded]:
        return self.record[first - 1 : last]

    def history(self, stream_id: UUID) -> Sequence[Recorded]:
        return self.by_stream.get(stream_id, [])

    def usage(self, account_id: UUID) -> Usage:
        currencies = {key[1] for key, _, _ in self.changed_sums() if key[0] == account_id.int}
        children = [c.text for c, holder in self.names.items() if c[:2] == (account_id, CHILD) and holder]
        return Usage(frozenset(currencies), frozenset(map(UUID, children)))

    def apply(self, draft: Draft, book_id: UUID) -> Any:
        self.streams.setdefault(draft.stream_id.int, (0, None))
        for effect in effects(draft.fact):
            key = (effect.account_id.int, effect.currency)
            self.sums.setdefault(key, NOTHING)
            self.dates.setdefault(key, (date.min, {}))
        return super().apply(draft, book_id)


class InMemoryLedger:
    """Carries out commands one by one."""

    def __init__(self) -> None:
        self.state = Everything()

    @property
    def record(self) -> list[Recorded]:
        return self.state.record

    def handle(self, command: Command) -> Outcome:
        """The outcome; raises the refusal, having changed nothing."""
        state = self.state
        mark = state.mark()
        first = len(state.record) + 1
        try:
            facts = [
                self._recorded(command, draft, position)
                for position, draft in enumerate(command.decide(state), first)
            ]
            state.exchange_names()
        except BaseException:
            state.roll_back(mark)
            raise
        if command.dry_run:
            state.roll_back(mark)
            return Outcome(command.command_id, 0, 0, facts, [])
        for recorded in facts:
            state.record.append(recorded)
            state.by_stream.setdefault(recorded.stream_id, []).append(recorded)
        touched = dict.fromkeys((e.account_id, e.currency) for r in facts for e in effects(r.fact))
        balances = [(account, currency, state.balance(account, currency)) for account, currency in touched]
        last = first + len(facts) - 1
        return Outcome(command.command_id, first if facts else 0, last if facts else 0, facts, balances)

    def _recorded(self, command: Command, draft: Draft, position: int) -> Recorded:
        stream_id, fact = draft.stream_id, draft.fact
        version, _ = self.state.apply(draft, command.book_id)
        return Recorded(
            position,
            stream_id,
            version,
            fact.topic,
            command.book_id,
            command.now,
            command.actor_id,
            command.command_id,
            command.name,
            encode(fact),
            fact,
        )
