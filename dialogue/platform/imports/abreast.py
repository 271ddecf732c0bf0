"""Two batches of a file at once, each in a transaction on a connection of its own; they are committed in the order of the file.

A batch that has anything in common with the one before it waits for that one's end: by names, which are compared beforehand, or
when its kind asks `Batch.alone`. What goes wrong is taken back and tried again after it; what goes wrong each
time is an error. So the outcome is that of one batch after the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextvars import copy_context
from queue import Queue
from threading import Event, Thread

from django.db import connection

from dialogue.platform.imports.kinds import Line, Names
from dialogue.platform.jobs.errors import JobCancelled

WRITERS = 2
TRIES = 3
# First half of the lock that a batch's transaction holds; PostgreSQL sees who waits for whom, so that nobody waits for ever.
LOCKS = 8403
MOST_LOCK = 0x7FFFFFFF
MOST_BATCHES = 4096


class GiveWay(Exception):
    """The batch before did not come through at once; this one is taken back and waits."""


class Turn:
    """A batch in its place: what it comes after, and what became of it."""

    def __init__(self, lines: list[Line], names: Callable[[Line], Names], before: Turn | None, lock: int) -> None:
        self.lines = lines
        named = [names(line) for line in lines]
        self.asked = {name for asked, _said in named for name in asked}
        self.said = {name for _asked, said in named for name in said}
        self.open = [line for line in lines if not line.outcome]
        self.before = before
        self.lock = lock & MOST_LOCK
        self.error: BaseException | None = None
        # It was begun while the batch before was under way, and may have read what that one has changed since.
        self.beside = False
        # Its transaction holds its lock; its first try is over, well or not; it is over for good.
        self.begun, self.settled, self.finished = Event(), Event(), Event()

    @property
    def read_from(self) -> int | None:
        """The number of the last line before the batch, None for the first one of this run."""
        return self.before.lines[-1].number if self.before else None

    def begin(self) -> None:
        """Hold the lock for which the next batch waits; called in the batch's transaction, first of all."""
        self.beside = self.before is not None and not self.before.finished.is_set()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCKS, self.lock])
        self.begun.set()

    def alone(self) -> bool:
        """In the transaction: wait until the batch before is committed; return whether what was read may be older than that.

        Raises:
            GiveWay: it was not committed.
        """
        before = self.before
        if before is None:
            return False
        if not before.finished.is_set():
            before.begun.wait()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [LOCKS, before.lock])
            before.settled.wait()
        if not before.finished.is_set() or before.error is not None:
            raise GiveWay
        aged, self.beside = self.beside, False
        return aged

    def wait_for_before(self) -> None:
        """Outside of any transaction: wait until the batch before is over.

        Raises:
            JobCancelled: it failed, so that this one may not follow.
        """
        if self.before is not None:
            self.before.finished.wait()
            if self.before.error is not None:
                raise JobCancelled

    def take(self, commit: Callable[[Turn], None]) -> None:
        """Write and commit the batch, again where it failed: beside another batch, or another worker, it may come through."""
        first: Exception | None = None
        try:
            for left in reversed(range(TRIES)):
                if self._has_to_wait():
                    self.wait_for_before()
                try:
                    commit(self)
                except JobCancelled as cancelled:
                    # Somebody else, or an answer that was lost: the reason is what went wrong before.
                    if first is not None and not isinstance(first, GiveWay):
                        raise first from cancelled
                    raise
                except Exception as error:
                    if not left:
                        raise
                    first = first or error
                    self._take_back()
                else:
                    return
        except BaseException as error:  # noqa: BLE001  it is raised where the batches are counted
            self.error = error
        finally:
            self.finished.set()
            self.settled.set()
            self.begun.set()

    def _has_to_wait(self) -> bool:
        """Whether it was tried before, or looks for somebody of whom the batch before speaks."""
        return self.settled.is_set() or (self.before is not None and not self.asked.isdisjoint(self.before.said))

    def _take_back(self) -> None:
        for line in self.open:
            line.outcome, line.subject, line.reason = "", None, None
        self.settled.set()
        self.begun.set()


def write_abreast(
    batches: Iterable[list[Line]], names: Callable[[Line], Names], commit: Callable[[Turn], None], run: int
) -> Generator[list[Line]]:
    """Write the batches, two at once, by `commit`, of the import `run`; yield each one after it is committed, in their order.

    Raises:
        Exception: what a batch failed with; those before it are committed, those after it are not.
    """
    waiting: Queue[Turn | None] = Queue()
    threads = [
        Thread(target=copy_context().run, args=(_write, waiting, commit), name=f"writer-{number}", daemon=True)
        for number in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield from _in_turn(batches, names, waiting, run * MOST_BATCHES)
    finally:
        for _thread in threads:
            waiting.put(None)
        for thread in threads:
            thread.join()


def _in_turn(
    batches: Iterable[list[Line]], names: Callable[[Line], Names], waiting: Queue[Turn | None], lock: int
) -> Iterator[list[Line]]:
    turns: deque[Turn] = deque()
    last: Turn | None = None
    for number, lines in enumerate(batches):
        turn = Turn(lines, names, last, lock + number % MOST_BATCHES)
        last = turn
        turns.append(turn)
        waiting.put(turn)
        if len(turns) == WRITERS:
            yield _over(turns.popleft())
    while turns:
        yield _over(turns.popleft())


def _over(turn: Turn) -> list[Line]:
    turn.finished.wait()
    # The chain would hold all lines of the file.
    turn.before = None
    if turn.error is not None:
        raise turn.error
    return turn.lines


def _write(waiting: Queue[Turn | None], commit: Callable[[Turn], None]) -> None:
    try:
        while (turn := waiting.get()) is not None:
            turn.take(commit)
    finally:
        connection.close()
