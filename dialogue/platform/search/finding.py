"""Find records by parts of what they are called and reached by, in either alphabet and either keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from dialogue.kit.actors import Actor
from dialogue.kit.phones import looks_like_phone, phone_part
from dialogue.kit.scope import current_tenant
from dialogue.platform.search.kinds import Hit, SearchKind, search_kinds
from dialogue.platform.search.latin import LONGEST_HEAD, SHORTEST_SEARCH, gram_numbers, in_latin
from dialogue.platform.search.models import SearchEntry

LONGEST_QUERY = 100
MOST_CANDIDATES = 400
ENGLISH_KEYS = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."
RUSSIAN_KEYS = "ёйцукенгшщзхъфывапролджэячсмитьбю"
TO_RUSSIAN = str.maketrans(ENGLISH_KEYS, RUSSIAN_KEYS)
TO_ENGLISH = str.maketrans(RUSSIAN_KEYS, ENGLISH_KEYS)


@dataclass(frozen=True)
class Group:
    """What was found of one kind."""

    kind: str
    label: str | Promise
    hits: Sequence[Hit]


def written_in_latin(text: str) -> str:
    """Return the text as the search table holds it; a part of a telephone number becomes its digits."""
    text = " ".join(text.split())[:LONGEST_QUERY]
    if looks_like_phone(text):
        return phone_part(text)
    return in_latin(text.replace("\x00", "")).strip()


def on_the_other_keyboard(text: str) -> str:
    """Return what the same keys write in the other layout: "bdfyjd" is "иванов"."""
    low = text.lower()
    return low.translate(TO_ENGLISH) if any(letter in RUSSIAN_KEYS for letter in low) else low.translate(TO_RUSSIAN)


def rows_holding(rows: QuerySet[Any], latin: str) -> QuerySet[Any] | None:
    """Return the rows whose `found` holds every word, by their `grams`; None where no word is long enough for the index."""
    words = latin.split()
    long = [word for word in words if len(word) >= SHORTEST_SEARCH]
    if not long:
        return None
    rows = rows.filter(grams__contains=[gram for word in long for gram in gram_numbers(current_tenant(), word)])
    for word in words:
        rows = rows.filter(found__contains=word)
    return rows


def found_ids(kind: str, text: str) -> QuerySet[Any]:
    """Return the ids of the records that hold every word of the text, as a subquery for a list."""
    latin = written_in_latin(text)
    rows = SearchEntry.objects.filter(kind=kind)
    holding = rows_holding(rows, latin)
    if holding is None:
        holding = rows.filter(head__startswith=latin[:LONGEST_HEAD])
    return holding.values("record")


def find(text: str, actor: Actor, *, kinds: Sequence[str] = (), limit: int = 8) -> list[Group]:
    """Return what the actor may see of the records that hold every word of the text, the nearest first, kind by kind.

    Where nothing is found, the same keys in the other keyboard layout are tried.
    """
    if not text.strip():
        return []
    groups = _find(written_in_latin(text), actor, kinds, limit)
    if groups or looks_like_phone(text):
        return groups
    return _find(written_in_latin(on_the_other_keyboard(text)), actor, kinds, limit)


def _find(latin: str, actor: Actor, kinds: Sequence[str], limit: int) -> list[Group]:
    groups = []
    for kind in search_kinds:
        if not latin or (kinds and kind.name not in kinds):
            continue
        records = _nearest(kind, latin, actor, limit)
        if records:
            place = {record: number for number, record in enumerate(records)}
            hits = kind.describe(kind.visible_to(actor).filter(pk__in=records))
            groups.append(Group(kind.name, kind.label, sorted(hits, key=lambda hit: place[hit.record])))
    return groups


def _nearest(kind: SearchKind, latin: str, actor: Actor, limit: int) -> list[int]:
    """Return ids: first those whose title begins so, then those whose word begins so, then the rest, shorter first."""
    rows = SearchEntry.objects.filter(kind=kind.name, record__in=kind.visible_to(actor).values("pk"))
    first = rows.filter(head__startswith=latin[:LONGEST_HEAD]).order_by("head")
    found: list[int] = list(first.values_list("record", flat=True)[:limit])
    holding = rows_holding(rows, latin) if len(found) < limit else None
    if holding is not None:
        candidates = holding.exclude(record__in=found).values_list("record", "head", "found")[:MOST_CANDIDATES]
        word = latin.split(maxsplit=1)[0]
        ranked = sorted(
            candidates,
            key=lambda row: (f" {word}" not in f" {row[1]}", f" {word}" not in f" {row[2]}", len(row[1]), row[1], row[0]),
        )
        found += [row[0] for row in ranked]
    return found[:limit]
