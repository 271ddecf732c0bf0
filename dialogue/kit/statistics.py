"""Intervals, tests and powers that pages show beside their figures: closed forms on the standard library alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from dialogue.kit.frozen import frozen

LEVEL = 0.95
NORMAL = NormalDist()
# From so many degrees of freedom on Student's quantile is the normal one to four digits.
MANY = 10_000
TINY = 1e-15
MOST_STEPS = 500


@frozen
class Interval:
    """An estimate with the bounds of its interval at `level`."""

    estimate: float
    low: float
    high: float
    level: float = LEVEL

    def holds(self, value: float) -> bool:
        """Return whether the value lies inside, bounds included."""
        return self.low <= value <= self.high


@frozen
class Sample:
    """What is known of one group: how many, their mean, the variance between them (divisor n - 1)."""

    n: int
    mean: float
    variance: float

    @classmethod
    def of_sums(cls, n: int, total: float, squares: float) -> Sample:
        """Return the sample from count, sum and sum of squares, as one query gives them."""
        if n < 1:
            return cls(0, 0.0, 0.0)
        mean = total / n
        return cls(n, mean, max(0.0, (squares - total * mean) / (n - 1)) if n > 1 else 0.0)


def rate_interval(hits: int, n: int, level: float = LEVEL) -> Interval:
    """Return a share with Wilson's score interval (Wilson 1927, JASA 22).

    Raises:
        ValueError: there is nobody, or more hits than people.
    """
    _check(hits, n)
    z = _normal(level)
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half), level)


def rates_differ(hits: int, n: int, other_hits: int, other_n: int, level: float = LEVEL) -> Interval:
    """Return the difference of two shares with Newcombe's hybrid score interval (Newcombe 1998, Stat. Med. 17, method 10).

    Raises:
        ValueError: as `rate_interval`.
    """
    one, two = rate_interval(hits, n, level), rate_interval(other_hits, other_n, level)
    difference = one.estimate - two.estimate
    low = difference - math.hypot(one.estimate - one.low, two.high - two.estimate)
    high = difference + math.hypot(one.high - one.estimate, two.estimate - two.low)
    return Interval(difference, low, high, level)


def rates_p(hits: int, n: int, other_hits: int, other_n: int) -> float:
    """Return the two-sided p of "both shares are equal" (z test with the pooled share).

    Raises:
        ValueError: as `rate_interval`.
    """
    _check(hits, n)
    _check(other_hits, other_n)
    pooled = (hits + other_hits) / (n + other_n)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / other_n))
    return 1.0 if spread == 0 else math.erfc(abs(hits / n - other_hits / other_n) / spread / math.sqrt(2))


def means_differ(one: Sample, two: Sample, level: float = LEVEL) -> Interval | None:
    """Return the difference of two means with Welch's interval (Welch 1947), None where a group has fewer than two."""
    if one.n < 2 or two.n < 2:
        return None
    first, second = one.variance / one.n, two.variance / two.n
    difference, error = one.mean - two.mean, math.sqrt(first + second)
    if error == 0:
        return Interval(difference, difference, difference, level)
    freedom = (first + second) ** 2 / (first**2 / (one.n - 1) + second**2 / (two.n - 1))
    half = student_quantile(0.5 + level / 2, freedom) * error
    return Interval(difference, difference - half, difference + half, level)


def split_p(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Return the p of "people were split by these shares" (Pearson's chi-square): the check for a sample-ratio mismatch.

    Raises:
        ValueError: lengths differ, a share is not above zero, or nobody was split.
    """
    total, whole = sum(counts), sum(shares)
    if len(counts) != len(shares) or len(counts) < 2 or total < 1 or min(shares) <= 0:
        message = "as many counts as shares, each share above zero"
        raise ValueError(message)
    statistic = 0.0
    for count, share in zip(counts, shares, strict=True):
        expected = total * share / whole
        statistic += (count - expected) ** 2 / expected
    return chi_square_tail(statistic, len(counts) - 1)


def people_needed(rate: float, lift: float, level: float = LEVEL, power: float = 0.8) -> int:
    """Return how many people each of two equal groups needs to show `rate` against `rate + lift` (Fleiss 1981, formula 3.14).

    Raises:
        ValueError: a share outside 0 to 1, or no lift.
    """
    other = rate + lift
    if not 0 <= rate <= 1 or not 0 <= other <= 1 or lift == 0:
        message = "shares between 0 and 1 that differ"
        raise ValueError(message)
    middle = (rate + other) / 2
    wanted = _normal(level) * math.sqrt(2 * middle * (1 - middle))
    wanted += NORMAL.inv_cdf(power) * math.sqrt(rate * (1 - rate) + other * (1 - other))
    return math.ceil(wanted**2 / lift**2)


def smallest_lift(rate: float, n: int, other_n: int, level: float = LEVEL, power: float = 0.8) -> float:
    """Return the smallest difference of shares that groups of these sizes show with this power, at the base `rate`.

    Raises:
        ValueError: a share outside 0 to 1, or an empty group.
    """
    if not 0 <= rate <= 1 or n < 1 or other_n < 1:
        message = "a share between 0 and 1 and two groups"
        raise ValueError(message)
    low, high = 0.0, 1.0 - rate
    for _step in range(60):
        lift = (low + high) / 2
        low, high = (low, lift) if _shows(rate, lift, n, other_n, level) >= power else (lift, high)
    return high


def _shows(rate: float, lift: float, n: int, other_n: int, level: float) -> float:
    """Return the power to see the lift of the group of `n` over a base rate in the group of `other_n`."""
    reached = rate + lift
    pooled = (n * reached + other_n * rate) / (n + other_n)
    null = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / other_n))
    real = math.sqrt(reached * (1 - reached) / n + rate * (1 - rate) / other_n)
    if real == 0:
        return 1.0 if lift > 0 else 0.0
    return NORMAL.cdf((lift - _normal(level) * null) / real)


def student_quantile(p: float, freedom: float) -> float:
    """Return Student's quantile by inverting its distribution; `freedom` may be a fraction (Welch).

    Raises:
        ValueError: `p` is not between 0 and 1, or no freedom.
    """
    if not 0 < p < 1 or freedom <= 0:
        message = "p between 0 and 1, freedom above zero"
        raise ValueError(message)
    if freedom > MANY:
        return NORMAL.inv_cdf(p)
    if p < 0.5:
        return -student_quantile(1 - p, freedom)
    low, high = 0.0, 1.0
    while _student_below(high, freedom) < p:
        high *= 2
    for _step in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_below(middle, freedom) < p else (low, middle)
    return (low + high) / 2


def _student_below(t: float, freedom: float) -> float:
    return 1 - 0.5 * incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b) (DLMF 8.17.22, by Lentz's continued fraction)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d, value = 1.0, 0.0, 1.0
    for step in range(MOST_STEPS):
        m = step // 2
        if step == 0:
            numerator = 1.0
        elif step % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _away_from_zero(1 + numerator * d)
        c = _away_from_zero(1 + numerator / c)
        value *= c * d
        if abs(1 - c * d) < TINY:
            break
    return front * (value - 1)


def _away_from_zero(value: float) -> float:
    return value if abs(value) > 1e-30 else 1e-30


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Return how often chi-square with so much freedom is at least so large (DLMF 8.11.4 and 8.9.2)."""
    a, x = freedom / 2, statistic / 2
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = value = 1 / a
        for step in range(1, MOST_STEPS):
            term *= x / (a + step)
            value += term
            if term < value * TINY:
                break
        return max(0.0, 1 - front * value)
    b = x + 1 - a
    c, d = 1e30, 1 / b
    value = d
    for step in range(1, MOST_STEPS):
        numerator = -step * (step - a)
        b += 2
        d = 1 / _away_from_zero(numerator * d + b)
        c = _away_from_zero(b + numerator / c)
        value *= c * d
        if abs(1 - c * d) < TINY:
            break
    return front * value


def _normal(level: float) -> float:
    return NORMAL.inv_cdf(0.5 + level / 2)


def _check(hits: int, n: int) -> None:
    if n < 1 or not 0 <= hits <= n:
        message = "at least one person, and no more hits than people"
        raise ValueError(message)
