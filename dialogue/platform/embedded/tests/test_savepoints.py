"""Savepoints that are told late undo exactly what Django's own would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from dialogue.platform.embedded.writing import written_together

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "INSERT INTO pg_temp.noted VALUES (%s)"


class Undone(Exception):
    """Takes the block back."""


@contextmanager
def taken_back() -> Iterator[None]:
    with suppress(Undone), transaction.atomic():
        yield
        raise Undone


def noted() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM pg_temp.noted ORDER BY n")
        return [row[0] for row in cursor.fetchall()]


def add(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ADD, [number])


@pytest.fixture(autouse=True)
def table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.noted")
        cursor.execute("CREATE TEMP TABLE noted (n int PRIMARY KEY)")


def test_block_without_a_statement_is_never_told() -> None:
    with transaction.atomic():
        connection.force_debug_cursor = True
        connection.queries_log.clear()
        try:
            with transaction.atomic():
                pass
            with taken_back():
                pass
            add(1)
            with transaction.atomic():
                add(2)
        finally:
            connection.force_debug_cursor = False
        said = [query["sql"].split()[0] for query in connection.queries_log]
    # The release of the last block goes with the commit.
    assert said == ["INSERT", "SAVEPOINT", "INSERT"]
    assert noted() == [1, 2]


def test_block_that_is_taken_back_takes_only_its_own() -> None:
    with transaction.atomic():
        add(1)
        with taken_back():
            add(2)
            with transaction.atomic():
                add(3)
        with transaction.atomic():
            add(4)
        with pytest.raises(IntegrityError), transaction.atomic():
            add(4)
        with transaction.atomic(), transaction.atomic():
            add(5)
            with taken_back():
                pass
            with taken_back():
                add(6)
        add(7)
    assert noted() == [1, 4, 5, 7]


def test_cursor_older_than_the_block_writes_inside_it() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ADD, [1])
        with taken_back():
            cursor.execute(ADD, [2])
        cursor.execute(ADD, [3])
    assert noted() == [1, 3]


def test_statements_asked_together_are_inside_the_block() -> None:
    with transaction.atomic():
        with taken_back():
            assert connection.ask_together([("SELECT 1", []), (ADD + " RETURNING n", [1])]) == [[(1,)], [(1,)]]
        with transaction.atomic():
            connection.ask_together([(ADD + " RETURNING n", [2])])
        with pytest.raises(IntegrityError), transaction.atomic():
            connection.ask_together([(ADD + " RETURNING n", [2])])
        connection.ask_together([(ADD + " RETURNING n", [3])])
    assert noted() == [2, 3]


def test_transaction_taken_back_forgets_what_was_untold() -> None:
    with taken_back():
        add(1)
        with transaction.atomic():
            add(2)
    with transaction.atomic(), transaction.atomic():
        add(3)
    assert noted() == [3]


def test_savepoints_among_statements_that_nobody_waits_for() -> None:
    with transaction.atomic():
        with taken_back(), written_together():
            add(1)
            with transaction.atomic():
                add(2)
            with transaction.atomic():
                add(3)
        with written_together():
            with transaction.atomic():
                add(4)
            with transaction.atomic():
                add(5)
    assert noted() == [4, 5]
