"""Addresses of records, resolved once: a page of forty rows names a hundred of them."""

from __future__ import annotations

from functools import lru_cache

from django.urls import get_script_prefix, reverse

STAND_IN = 7_777_777_777


@lru_cache(maxsize=4096)
def _around(name: str, prefix: str) -> tuple[str, str]:
    before, _number, after = reverse(name, args=[STAND_IN]).partition(str(STAND_IN))
    return before, after


@lru_cache(maxsize=4096)
def _pattern(name: str, prefix: str, words: tuple[str | None, ...]) -> str:
    address = reverse(name, args=[STAND_IN + place if word is None else word for place, word in enumerate(words)])
    for place in range(len(words)):
        address = address.replace(str(STAND_IN + place), "{}", 1)
    return address


@lru_cache(maxsize=4096)
def _page(name: str, prefix: str) -> str:
    return reverse(name)


def page_url(name: str) -> str:
    """Return `reverse(name)` for an address that takes nothing, within the open company."""
    return _page(name, get_script_prefix())


def record_url(name: str, pk: int) -> str:
    """Return `reverse(name, args=[pk])` for an address that takes one number, within the open company."""
    before, after = _around(name, get_script_prefix())
    return f"{before}{pk}{after}"


def address_of(name: str, *given: int | str) -> str:
    """Return `reverse(name, args=given)` within the open company, from memory but for its numbers.

    Raises:
        NoReverseMatch: there is no page of this name.
    """
    if not given:
        return page_url(name)
    if len(given) == 1 and type(given[0]) is int:
        return record_url(name, given[0])
    words = tuple(None if type(one) is int else str(one) for one in given)
    return _pattern(name, get_script_prefix(), words).format(*(one for one in given if type(one) is int))
