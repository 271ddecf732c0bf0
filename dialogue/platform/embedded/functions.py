"""Our SQL functions as Django expressions: ordering by alphabet and infix search, the same on every PostgreSQL.

Migrations of other rooms that index them depend on `("embedded", "0001_text_functions")`.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, IntegerField, TextField, Value

# A shorter part has no trigram: search_grams gives an empty array, which every row contains. Do not ask.
SHORTEST_SEARCH = 3


class SortKey(Func):
    """`sort_key(value, locale)`: text whose code points order as the alphabet of `ru`, `uk` or `ro` does.

    Case does not matter; ё follows е, ґ г, є е, і and ї и; in Romanian ă and â follow a, î i, ș s, ț t. Elsewhere accents
    do not move a name. Compared in the "C" collation, so that an external server orders as the embedded one does.
    Index: `(tenant_id, sort_key(name, 'ru') COLLATE "C", id)`.
    """

    function = "sort_key"
    template = '%(function)s(%(expressions)s) COLLATE "C"'
    arity = 2

    def __init__(self, value: Any, locale: str) -> None:
        super().__init__(value, Value(locale), output_field=TextField())


class SearchFold(Func):
    """`search_fold(value)`: lower case, ё as е, no accents, plain apostrophes and spaces: what a search compares."""

    function = "search_fold"
    arity = 1
    output_field = TextField()


class SearchGrams(Func):
    """`search_grams(tenant, value)`: hashes of (company, three letters of the folded text), at most 1,000 letters of it.

    An array a GIN index holds; entries may repeat. Whoever contains a part has all grams of the part, not the reverse, so
    a search asks both: `search_grams(tenant_id, name) @> search_grams(T, part) AND search_fold(name) LIKE
    '%' || search_fold(part) || '%'`. A part shorter than `SHORTEST_SEARCH` letters has no grams.
    """

    function = "search_grams"
    arity = 2
    output_field = ArrayField(IntegerField())
