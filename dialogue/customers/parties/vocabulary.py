"""The kinds of relation every company starts with."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from dialogue.customers.parties.models import RelationGroup, RelationType


class Words(NamedTuple):
    """A kind of relation in both directions."""

    code: str
    group: RelationGroup
    forward: str | Promise
    reverse: str | Promise


BUILT_IN = (
    Words("works_at", RelationGroup.EMPLOYMENT, pgettext_lazy("relation", "works at"), pgettext_lazy("relation", "employs")),
    Words(
        "decides_for",
        RelationGroup.DECISION,
        pgettext_lazy("relation", "decides for"),
        pgettext_lazy("relation", "decisions are made by"),
    ),
    Words(
        "influences",
        RelationGroup.DECISION,
        pgettext_lazy("relation", "influences"),
        pgettext_lazy("relation", "is influenced by"),
    ),
    Words("uses_for", RelationGroup.DECISION, pgettext_lazy("relation", "uses for"), pgettext_lazy("relation", "is used by")),
    Words(
        "pays_for", RelationGroup.DECISION, pgettext_lazy("relation", "pays for"), pgettext_lazy("relation", "is paid for by")
    ),
    Words("owns", RelationGroup.OWNERSHIP, pgettext_lazy("relation", "owns"), pgettext_lazy("relation", "belongs to")),
    Words(
        "parent_company",
        RelationGroup.OWNERSHIP,
        pgettext_lazy("relation", "is the parent company of"),
        pgettext_lazy("relation", "is a subsidiary of"),
    ),
    Words(
        "supplies", RelationGroup.BUSINESS, pgettext_lazy("relation", "supplies"), pgettext_lazy("relation", "is supplied by")
    ),
    Words(
        "partner",
        RelationGroup.BUSINESS,
        pgettext_lazy("relation", "is a partner of"),
        pgettext_lazy("relation", "is a partner of"),
    ),
    Words(
        "recommended",
        RelationGroup.BUSINESS,
        pgettext_lazy("relation", "recommended us to"),
        pgettext_lazy("relation", "learned of us from"),
    ),
    Words(
        "married", RelationGroup.FAMILY, pgettext_lazy("relation", "is married to"), pgettext_lazy("relation", "is married to")
    ),
    Words(
        "parent", RelationGroup.FAMILY, pgettext_lazy("relation", "is a parent of"), pgettext_lazy("relation", "is a child of")
    ),
    Words(
        "relative",
        RelationGroup.FAMILY,
        pgettext_lazy("relation", "is a relative of"),
        pgettext_lazy("relation", "is a relative of"),
    ),
)
DECISION_CODES = ("decides_for", "influences", "uses_for", "pays_for")


def make_relation_types() -> None:
    """Make the built-in kinds of relation of the open company, in the active language; those that exist stay."""
    RelationType.objects.bulk_create(
        [
            RelationType(
                code=one.code,
                group=one.group,
                forward=str(one.forward),
                reverse=str(one.reverse),
                built_in=True,
                position=number,
            )
            for number, one in enumerate(BUILT_IN)
        ],
        ignore_conflicts=True,
    )
