"""Find records by parts of what they are called and reached by, in either alphabet and either keyboard."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import Any, cast

from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import Promise

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.phones import looks_like_phone, phone_part
from dialogue.kit.scope import current_tenant
from dialogue.kit.statement import read_together
from dialogue.platform.search.kinds import Hit, SearchKind, search_kinds
from dialogue.platform.search.latin import LONGEST_HEAD, SHORTEST_SEARCH, gram_numbers, in_latin
from dialogue.platform.search.models import SearchEntry

LONGEST_QUERY = 100
MOST_CANDIDATES = 400
ENGLISH_KEYS = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."
HALVES, FIRST_AFTER_HALVES = range(0xD800, 0xE000), 0xE000
BEGINNING = """(SELECT record, head, found, true FROM search_searchentry
WHERE tenant_id = %s AND kind = %s AND head >= %s AND head < %s AND record IN ({seen}) ORDER BY head LIMIT %s)"""
HOLDING = """(SELECT record, head, found, false FROM search_searchentry
WHERE tenant_id = %s AND kind = %s AND grams @> %s::integer[]{words} AND record IN ({seen}) LIMIT %s)"""
RUSSIAN_KEYS = "ёйцукенгшщзхъфывапролджэячсмитьбю"
TO_RUSSIAN = str.maketrans(ENGLISH_KEYS, RUSSIAN_KEYS)
TO_ENGLISH = str.maketrans(RUSSIAN_KEYS, ENGLISH_KEYS)


@frozen
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


def find(text: str, actor: Actor, *, kinds: Sequence[str] = (), off: Collection[str] = (), limit: int = 8) -> list[Group]:
    """Return what the actor may see of the records that hold every word of the text, the nearest first, kind by kind.

    Where nothing is found, the same keys in the other keyboard layout are tried.
    """
    if not text.strip():
        return []
    asked = [kind for kind in search_kinds.within(off) if not kinds or kind.name in kinds]
    latin = written_in_latin(text)
    groups = _find(latin, actor, asked, limit)
    if groups or looks_like_phone(text):
        return groups
    other = written_in_latin(on_the_other_keyboard(text))
    return _find(other, actor, asked, limit) if other != latin else []


def _find(latin: str, actor: Actor, asked: Sequence[SearchKind], limit: int) -> list[Group]:
    if not latin or not asked:
        return []
    answers = cast("Any", connection).ask_together([_question(kind, latin, actor, limit) for kind in asked])
    nearest = [(kind, _nearest(rows, latin, limit)) for kind, rows in zip(asked, answers, strict=True)]
    found = [(kind, tuple(records)) for kind, records in nearest if records]
    read = iter(read_together([(one, actor, {"ids": records}) for kind, records in found for one in kind.read]))
    groups = []
    for kind, records in found:
        place = {record: number for number, record in enumerate(records)}
        hits = kind.describe(*(next(read) for _one in kind.read))
        groups.append(Group(kind.name, kind.label, sorted(hits, key=lambda hit: place[hit.record])))
    return groups


def _question(kind: SearchKind, latin: str, actor: Actor, limit: int) -> tuple[str, list[Any]]:
    """Return what asks for the records of a kind whose title begins so, and for those that hold every word."""
    seen, known = kind.seen.written(actor)
    begins, tenant = latin[:LONGEST_HEAD], current_tenant()
    parts, values = [BEGINNING.format(seen=seen)], [tenant, kind.name, begins, _after(begins), *known, limit]
    words = latin.split()
    grams = [gram for word in words if len(word) >= SHORTEST_SEARCH for gram in gram_numbers(tenant, word)]
    if grams:
        parts.append(HOLDING.format(seen=seen, words=" AND found LIKE %s" * len(words)))
        values += [
            tenant,
            kind.name,
            grams,
            *(f"%{connection.ops.prep_for_like_query(word)}%" for word in words),
            *known,
            MOST_CANDIDATES,
        ]
    return " UNION ALL ".join(parts), values


def _after(beginning: str) -> str:
    """Return the first text, letter by letter, behind everything that begins so."""
    number = ord(beginning[-1]) + 1
    # Half pairs are no letters.
    return beginning[:-1] + chr(FIRST_AFTER_HALVES if number in HALVES else min(number, sys.maxunicode))


def _nearest(rows: Sequence[tuple[int, str, str, bool]], latin: str, limit: int) -> list[int]:
    """Return ids: first those whose title begins so, then those whose word begins so, then the rest, shorter first."""
    found = {row[0]: None for row in rows if row[3]}
    word = latin.split(maxsplit=1)[0]
    ranked = sorted(
        (row for row in rows if not row[3]),
        key=lambda row: (f" {word}" not in f" {row[1]}", f" {word}" not in f" {row[2]}", len(row[1]), row[1], row[0]),
    )
    found |= {row[0]: None for row in ranked}
    return list(found)[:limit]
