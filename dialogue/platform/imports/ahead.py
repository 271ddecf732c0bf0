"""Read ahead: a thread prepares the next batches while the database writes the present one."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 0.2


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
def collecting_between() -> Iterator[None]:
    """Keep the collector of cyclic garbage still: rows hold no cycles, and walking them all cost a third of an import.

    What little there is goes with `gc.collect(0)` between batches.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
