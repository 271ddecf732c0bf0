"""Read ahead: a thread prepares the next batches while the database writes the present one."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from itertools import count
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 0.2
# For how long the reading thread keeps the interpreter when the writing one, back from the database, asks for it, in seconds.
TURN = 0.0005
COLLECT_EVERY = 10


class _End:
    """What stands behind the last item: the error that ended the reading, if any."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterator[T], most: int = 2) -> Generator[T]:
    """Yield the items, at most `most` of them drawn beforehand by a thread with the caller's company and language.

    Drawing them must not ask the database: the thread would open a connection of its own.
    """
    waiting: Queue[T | _End] = Queue(most)
    stopped = Event()
    thread = Thread(target=copy_context().run, args=(_draw, items, waiting, stopped), name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = waiting.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        _empty(waiting)
        thread.join()


def _draw(items: Iterator[T], waiting: Queue[T | _End], stopped: Event) -> None:
    end = _End(None)
    try:
        for item in items:
            if not _put(waiting, item, stopped):
                return
    except BaseException as error:  # noqa: BLE001  it is raised where the items are used
        end = _End(error)
    _put(waiting, end, stopped)


def _put(waiting: Queue[T | _End], item: T | _End, stopped: Event) -> bool:
    while not stopped.is_set():
        try:
            waiting.put(item, timeout=PATIENCE)
        except Full:
            continue
        return True
    return False


def _empty(waiting: Queue[T | _End]) -> None:
    while True:
        try:
            waiting.get_nowait()
        except Empty:
            return


@contextmanager
def working_fast() -> Iterator[Callable[[], None]]:
    """Hand the interpreter over quickly between the two threads, and keep the collector of cyclic garbage still.

    Rows hold no cycles, and walking them all cost a third of an import; the little that batches leave goes with what is
    yielded, called after each of them.
    """
    was, turn = gc.isenabled(), sys.getswitchinterval()
    numbers = count(1)

    def collect_at_times() -> None:
        # What is read ahead lives and is walked each time.
        if next(numbers) % COLLECT_EVERY == 0:
            gc.collect(0)

    gc.disable()
    sys.setswitchinterval(TURN)
    try:
        yield collect_at_times
    finally:
        sys.setswitchinterval(turn)
        if was:
            gc.enable()
