"""What entries are found by: subject and text in Latin letters, asked by parts through an index of trigrams."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from dialogue.customers.timeline.models import EntryWords
from dialogue.kit.scope import current_tenant
from dialogue.platform.search.finding import found_ids, rows_holding
from dialogue.platform.search.latin import LONGEST_FOUND, grams, in_latin

PARTY = "party"
FEW_ENTRIES, FEW_PARTIES = 5000, 2000
WRITE = (
    "INSERT INTO timeline_entrywords (tenant_id, entry, found, grams)"
    " SELECT %s, entry, found, grams::integer[] FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new(entry, found, grams)"
)


def keep_words(entries: Iterable[tuple[int, str, str | None]]) -> None:
    """Keep what new entries, given as (id, subject, text), are found by: one statement. Those without words have no row."""
    tenant = current_tenant()
    # Entries written together often say the same: the link of a campaign, its subject.
    latin = lru_cache(maxsize=None)(lambda text: in_latin(text)[:LONGEST_FOUND])
    cut = lru_cache(maxsize=None)(lambda found: grams(tenant, found))
    kept = [(pk, latin(f"{subject} {body or ''}".strip())) for pk, subject, body in entries]
    written = [(pk, found, cut(found)) for pk, found in kept if found]
    if written:
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [tenant, *map(list, zip(*written, strict=True))])


def holding_words(text: str) -> Q:
    """Return which entries hold every word of the text in subject, text or customer, in either alphabet.

    A text of one or two letters is looked for among the customers only. What few rows hold is named by its ids, which
    indexes serve; a common word is asked of each entry, newest first, and soon fills a page.
    """
    latin = in_latin(" ".join(text.split())).strip()
    said, of_party = rows_holding(EntryWords.objects.all(), latin), found_ids(PARTY, text)
    entries = [] if said is None else list(said.values_list("entry", flat=True)[: FEW_ENTRIES + 1])
    parties = list(of_party.values_list("record", flat=True)[: FEW_PARTIES + 1])
    found = Q(pk__in=entries) | Q(party_id__in=parties)
    if said is not None and len(entries) > FEW_ENTRIES:
        # Without the trigrams: asked of one entry, they would only cost.
        common = EntryWords.objects.filter(*[Q(found__contains=word) for word in latin.split()], entry=OuterRef("pk"))
        found = Exists(common) | Q(party_id__in=parties)
    if len(parties) > FEW_PARTIES:
        found |= Q(party_id__in=of_party)
    return found
