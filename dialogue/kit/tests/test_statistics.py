"""Published figures, and properties that no table holds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.kit.statistics import (
    Sample,
    chi_square_tail,
    means_differ,
    people_needed,
    rate_interval,
    rates_differ,
    rates_p,
    smallest_lift,
    split_p,
    student_quantile,
)

# Cookie Cats: two gates, players, those who came back after a day and after a week.
GATE_30, GATE_40 = (44_700, 20_034, 8_502), (45_489, 20_119, 8_279)


def test_newcombe_s_published_intervals_come_out() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table II, method 10.
    for counts, low, high in (
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
    ):
        found = rates_differ(*counts)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_wilson_s_interval_is_the_published_one() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    for hits, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = rate_interval(hits, n)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_cookie_cats_come_out() -> None:
    assert round(split_p([GATE_30[0], GATE_40[0]], [1, 1]), 4) == 0.0086
    assert round(rates_p(GATE_30[2], GATE_30[0], GATE_40[2], GATE_40[0]), 4) == 0.0016
    assert round(rates_p(GATE_30[1], GATE_30[0], GATE_40[1], GATE_40[0]), 3) == 0.074


def test_tables_of_the_quantiles_come_out() -> None:
    # Student's and Pearson's tables as every textbook prints them.
    for p, freedom, value in (
        (0.975, 1, 12.706),
        (0.975, 4, 2.776),
        (0.95, 10, 1.812),
        (0.995, 30, 2.750),
        (0.975, 120, 1.980),
    ):
        assert round(student_quantile(p, freedom), 3) == value
    for value, freedom, tail in (
        (3.841, 1, 0.05),
        (5.991, 2, 0.05),
        (18.307, 10, 0.05),
        (6.635, 1, 0.01),
        (124.342, 100, 0.05),
    ):
        assert round(chi_square_tail(value, freedom), 4) == tail


def test_welch_gives_the_interval_of_student_s_sleep_data() -> None:
    # Student 1908, Biometrika 6; Welch's test of it is printed in the manual of R's t.test: df 17.776.
    one = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    two = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = means_differ(*(Sample.of_sums(len(rows), sum(rows), sum(value * value for value in rows)) for rows in (one, two)))
    assert found is not None
    assert (round(found.low, 5), round(found.high, 5)) == (-3.36548, 0.20548)


def test_sizes_of_groups_are_those_of_the_formula() -> None:
    assert people_needed(0.10, 0.05) == 686
    assert people_needed(0.5, 0.1) == 388
    lift = smallest_lift(0.10, 686, 686)
    assert 0.049 < lift < 0.051


@given(st.integers(1, 5000), st.data())
def test_shares_lie_inside_their_interval(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    found = rate_interval(hits, n)
    assert 0 <= found.low <= found.estimate + 1e-12
    assert found.estimate - 1e-12 <= found.high <= 1


@given(st.floats(0.51, 0.9999), st.floats(0.5, 5000))
def test_quantiles_turn_with_their_sign(p: float, freedom: float) -> None:
    assert student_quantile(1 - p, freedom) == pytest.approx(-student_quantile(p, freedom))


def test_intervals_cover_no_effect_in_ninety_five_of_a_hundred() -> None:
    chance = random.Random(3)
    covered = 0
    for _round in range(400):
        rows = [chance.lognormvariate(3, 1) for _ in range(300)]
        one, two = rows[:200], rows[200:]
        samples = [Sample.of_sums(len(part), sum(part), sum(value * value for value in part)) for part in (one, two)]
        found = means_differ(*samples)
        covered += found is not None and found.holds(0)
    assert 0.92 <= covered / 400 <= 0.98


def test_impossible_counts_are_refused() -> None:
    for call in (
        lambda: rate_interval(1, 0),
        lambda: rate_interval(3, 2),
        lambda: split_p([1, 2], [1, 0]),
        lambda: people_needed(0.5, 0),
        lambda: smallest_lift(2, 1, 1),
        lambda: student_quantile(1, 3),
    ):
        with pytest.raises(ValueError, match=r"and|than|as many|between"):
            call()
