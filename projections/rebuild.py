"""Rebuilding read models from the record beside the live ones, and putting them in their place at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple, TypeVar

import psycopg
import structlog
from psycopg.sql import SQL as Text
from psycopg.sql import Identifier

from ledger.sealing import Keys
from projections import tables
from projections.all import ALL
from projections.compare import Difference, compare
from projections.feed import Feed
from projections.filling import Progress, fill, finish
from projections.projection import Projection, Window
from projections.tables import LIVE, Connection

T = TypeVar("T")
NEXT, OLD = "views_next", "views_old"
PATIENCE = 3.0
"""Seconds that a swap waits for readers in its way before it lets others pass and tries again."""
ATTEMPTS = 20

log = structlog.get_logger(__name__)


class Rebuilt(NamedTuple):
    """What a rebuild did: which projections, up to which position, how it compared with what stood there."""

    names: tuple[str, ...]
    position: int
    seconds: float
    differences: tuple[Difference, ...]


class RebuildRunning(Exception):
    """Another rebuild is at work on this database."""


class LeftBehind(Exception):
    """The live tables are not as far as they were: the server crashed, and has lost their last windows."""


class UnknownProjection(LookupError):
    """There is no projection of this name."""


def silent(position: int, head: int) -> None:
    """Reports no progress."""


def rebuild(
    url: str,
    keys: Keys,
    names: Collection[str] | None = None,
    *,
    projections: Sequence[Projection] = ALL,
    progress: Progress = silent,
    comparing: bool = False,
) -> Rebuilt:
    """Makes the projections called `names` (None: all) anew and swaps them in; the service may run meanwhile.

    Readers see the old tables until they see the new ones. With `comparing`, both are compared at one
    position before the swap, and the differences are returned (the new tables go in all the same, as they
    are what the record says). Raises RebuildRunning, LeftBehind and UnknownProjection.
    """
    chosen = [p for p in projections if names is None or p.name in names]
    for unknown in set(names or ()) - {p.name for p in chosen}:
        raise UnknownProjection(f"{unknown!r} is none of the projections {[p.name for p in projections]}")
    start = time.perf_counter()
    with _Work(url, keys, chosen, everything=names is None, comparing=comparing) as work:
        work.fill(progress)
        differences = work.compare() if comparing else ()
        position = work.swap()
    return Rebuilt(tuple(p.name for p in chosen), position, time.perf_counter() - start, differences)


def prepare(url: str, keys: Keys, projections: Sequence[Projection] = ALL) -> None:
    """Makes the live tables be what this code expects: creates them, rebuilds those that code of another
    version made, and drops those of projections that are no more."""
    with tables.connect(url, LIVE) as connection:
        if not tables.exists(connection, LIVE):
            if _head(connection) == 0:
                tables.create(connection, LIVE, projections, indexes=True)
                return
            names: set[str] | None = None
        else:
            made = tables.made(connection)
            for gone in made.keys() - {p.name for p in projections}:
                _drop_projection(connection, gone, made[gone].tables)
            names = {p.name for p in projections if made.get(p.name) != (p.version, list(p.tables))}
            if not names:
                return
    log.info("rebuilding projections", names=sorted(names) if names is not None else "all")
    rebuild(url, keys, names, projections=projections)


class _Work:
    """One rebuild from the first table to the swap."""

    def __init__(
        self, url: str, keys: Keys, chosen: Sequence[Projection], *, everything: bool, comparing: bool
    ) -> None:
        self._url = url
        # Beside what stays, or is compared, nothing new may be: it would get the facts in between a second time.
        self._abreast = comparing or not everything
        self._chosen = chosen
        self._everything = everything
        with ExitStack() as stack:
            self._live = stack.enter_context(tables.connect(url, LIVE, lock_timeout=f"{PATIENCE}s"))
            self._next = stack.enter_context(tables.connect(url, NEXT))
            self._feed = Feed(stack.enter_context(tables.connect(url, LIVE)), keys)
            self._reader = stack.enter_context(tables.connect(url, LIVE, writing=False, work_mem="64MB"))
            self._stack = stack.pop_all()

    def __enter__(self) -> _Work:
        return self

    def __exit__(self, *_: object) -> None:
        tables.close(self._next)
        self._stack.close()

    def fill(self, progress: Progress) -> None:
        """Makes the new tables and brings them near the live ones or the head, then adds what reading needs. What
        fails leaves none of them."""
        if not tables.try_lock(self._next, tables.REBUILDING):
            raise RebuildRunning("another rebuild is running; wait for it or stop it")
        tables.drop(self._next, NEXT)
        tables.drop(self._next, OLD)
        tables.create(self._next, NEXT, self._chosen, indexes=False)
        try:
            position = fill(self._url, NEXT, self._feed, self._chosen, progress, self._goal)
            self._next.execute(tables.SQL["move"], {"position": position})
            finish(self._url, NEXT, self._chosen)
        except BaseException:
            # The next rebuild would clear them away, but until then they would take up room.
            with suppress(psycopg.Error):
                tables.drop(self._next, NEXT)
            raise

    def compare(self) -> tuple[Difference, ...]:
        """Compares old and new in one snapshot, at one position; only taking it holds the projector off."""
        made = tables.made(self._live) if tables.exists(self._live, LIVE) else {}
        with self._reader.transaction():
            self._reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._while_caught_up(lambda _: self._reader.execute("SELECT"))
            return tuple(
                difference
                for projection in self._chosen
                if projection.name in made
                for table in projection.tables
                if (difference := compare(self._reader, table, right=NEXT, live=LIVE)) is not None
            )

    def swap(self) -> int:
        """Puts the new tables in the place of the old ones; the position that they are at.

        Raises psycopg.errors.LockNotAvailable when some reader has been in the way all the time.
        """
        position = self._while_caught_up(self._put_in_place)
        try:
            tables.drop(self._live, NEXT)
            tables.drop(self._live, OLD)
        except psycopg.errors.LockNotAvailable:
            log.info("somebody still reads the old tables; the next rebuild removes them")
        return position

    def _put_in_place(self, position: int) -> int:
        if tables.exists(self._live, LIVE):
            tables.wait_for_keepers(self._live)
        if self._everything or not tables.exists(self._live, LIVE):
            self._swap_schemas()
        else:
            self._swap_tables()
        return position

    def _while_caught_up(self, task: Callable[[int], T]) -> T:
        """Carries out `task`, which is given the position, while the projector is held off."""
        attempt = 0
        while True:
            attempt += 1
            try:
                with self._caught_up() as position:
                    return task(position)
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                if attempt == ATTEMPTS:
                    raise
                time.sleep(0.1 * attempt)

    def _goal(self) -> int:
        """How far the new tables must have come by now."""
        abreast = self._abreast and tables.exists(self._live, LIVE)
        return tables.position(self._live) if abreast else self._feed.head()

    @contextmanager
    def _caught_up(self) -> Iterator[int]:
        """Holds the projector off, with the new tables at the very position of the live ones; where all are
        replaced, at that or a later one. Raises LeftBehind."""
        with self._live.transaction():
            tables.take_window_lock(self._live)
            exists = tables.exists(self._live, LIVE)
            goal = tables.position(self._live) if exists else self._feed.head()
            while (window := self._feed.window(tables.position(self._next), goal)) is not None:
                self._apply(window)
            reached = tables.position(self._next)
            if reached > goal and self._abreast:
                raise LeftBehind("The live tables have gone back meanwhile. Rebuild again.")
            yield reached

    def _apply(self, window: Window) -> None:
        with self._next.transaction(), self._next.cursor() as cursor:
            tables.apply(window, self._chosen, cursor)

    def _swap_schemas(self) -> None:
        """Old plans look names up again when a schema is renamed, and statements under way keep the old
        tables, so that nobody has to wait for a rename."""
        if tables.exists(self._live, LIVE):
            _rename(self._live, LIVE, OLD)
        _rename(self._live, NEXT, LIVE)

    def _swap_tables(self) -> None:
        made = tables.made(self._live)
        # All are dropped before any comes: a table may have passed from one projection to another.
        for projection in self._chosen:
            if projection.name in made:
                _drop_projection(self._live, projection.name, made[projection.name].tables)
        for projection in self._chosen:
            for table in projection.tables:
                self._live.execute(
                    Text("ALTER TABLE {} SET SCHEMA {}").format(Identifier(NEXT, table), Identifier(LIVE))
                )
            tables.remember(self._live, projection)


def _rename(connection: Connection, old: str, new: str) -> None:
    connection.execute(Text("ALTER SCHEMA {} RENAME TO {}").format(Identifier(old), Identifier(new)))


def _drop_projection(connection: Connection, name: str, names: Sequence[str]) -> None:
    with connection.transaction():
        for table in names:
            connection.execute(Text("DROP TABLE IF EXISTS {} CASCADE").format(Identifier(LIVE, table)))
        connection.execute(tables.SQL["forget"], {"name": name})


def _head(connection: Connection) -> int:
    row = connection.execute("SELECT position FROM record.head").fetchone()
    return int(row[0]) if row else 0
