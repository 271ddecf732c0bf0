"""Pure rules of campaigns: how many are held out, who by hash, and how the hash can be checked outside."""

from __future__ import annotations

from hashlib import md5

HELD_OUT, LEAST = 10, 500
"""Percent held out by default, and from how many people on."""

SHARES = 10_000
HASH = "('x' || left(md5({salt} || {id}::text), 8))::bit(32)::bigint"


def place_of(seed: str, salt: str, party: int) -> int:
    """Return where a person stands from 0 to 9,999 by a hash of the run's seed and his id, as the freeze computes it."""
    return int(md5(f"{seed}{salt}{party}".encode(), usedforsecurity=False).hexdigest()[:8], 16) % SHARES


def is_held_out(seed: str, party: int, percent: int) -> bool:
    """Return whether a person who could be reached is held out."""
    return place_of(seed, ":hold:", party) < percent * 100


def arm_of(seed: str, party: int) -> str:
    """Return the arm of a test that a person is in."""
    return "a" if place_of(seed, ":arm:", party) < SHARES // 2 else "b"


def held_out_of(asked: int | None, people: int) -> int:
    """Return the percent to hold out of so many people who could be reached: as asked, else 10 % of at least 500."""
    if asked is not None:
        return asked
    return HELD_OUT if people >= LEAST else 0
