"""Reading ahead of the writing."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator

import pytest

from dialogue.kit.scope import current_tenant, tenant_scope
from dialogue.platform.imports.ahead import TURN, ahead, working_fast


def reading(count: int, drawn: list[int]) -> Iterator[int]:
    for number in range(count):
        drawn.append(current_tenant())
        yield number


def test_items_come_in_order_with_the_callers_company() -> None:
    drawn: list[int] = []
    with tenant_scope(7):
        assert list(ahead(reading(50, drawn))) == list(range(50))
    assert set(drawn) == {7}


def test_error_of_the_reading_is_raised_after_what_was_read() -> None:
    def broken() -> Iterator[int]:
        yield 1
        message = "damaged"
        raise ValueError(message)

    items = ahead(broken())
    assert next(items) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(items)


def test_who_stops_early_stops_the_reading() -> None:
    drawn: list[int] = []
    with tenant_scope(7):
        items = ahead(reading(1_000_000, drawn))
        assert next(items) == 0
        items.close()
    assert len(drawn) < 10
    assert not [thread for thread in threading.enumerate() if thread.name == "read-ahead"]


def test_collector_rests_meanwhile_and_works_again() -> None:
    before = sys.getswitchinterval()
    with working_fast() as collect:
        assert not gc.isenabled()
        assert sys.getswitchinterval() == pytest.approx(TURN)
        collect()
    assert gc.isenabled()
    assert sys.getswitchinterval() == before
