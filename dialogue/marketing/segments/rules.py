"""Segments inside rules: the leaf `in_segment` and the field `segment` of a customer, by stored membership."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from dialogue.customers.parties.fields import party
from dialogue.kit.reference import remembered
from dialogue.marketing.segments.models import NAMES, Membership, Segment
from dialogue.marketing.segments.trees import LEAF
from dialogue.platform.criteria.fields import Asking, Choices
from dialogue.platform.criteria.operators import NEGATIVE, several, truth
from dialogue.platform.criteria.rules import Compiler, RuleRefusal, Tree


def members_of(*segments: int) -> Q:
    """Return who is in one of the segments now, as a semi-join by stored membership."""
    return Q(pk__in=Membership.objects.current().filter(segment_id__in=segments).values("party_id"))


def _known(asking: Asking) -> dict[str, int]:
    """Return `{code: id}` of the segments the asker may see; read once a rule."""
    if "segments" not in asking.kept:
        asking.kept["segments"] = dict(Segment.objects.visible_to(asking.actor).values_list("code", "pk"))
    found: dict[str, int] = asking.kept["segments"]
    return found


def in_segment(compiler: Compiler, tree: Tree, where: str) -> Q:
    """Return who is in a segment: `{"in_segment": "lapsed"}`.

    Raises:
        RuleRefusal: no such segment is there for the asker, or the records are not customers.
    """
    compiler._only(tree, {LEAF}, where)
    code = tree[LEAF]
    if compiler.entity is not party:
        raise RuleRefusal(_("Only customers are in segments."), field=f"{where}.{LEAF}")
    number = _known(compiler.asking).get(code) if isinstance(code, str) else None
    if number is None:
        raise RuleRefusal(
            _("There is no segment “%(code)s”.") % {"code": code}, field=f"{where}.{LEAF}", code="unknown-segment"
        )
    return members_of(number)


def by_segment(operator: str, value: Any, asking: Asking) -> Q:
    """Return the condition of the customer's field `segment`; a code nobody knows is a ValueError."""
    if operator == "empty":
        none = ~Q(pk__in=Membership.objects.current().filter(segment_id__in=_known(asking).values()).values("party_id"))
        return none if truth(value) else ~none
    known = _known(asking)
    codes = several(value) if operator in {"in", "not_in"} else [value]
    try:
        found = members_of(*(known[str(code)] for code in codes))
    except KeyError:
        raise ValueError from None
    return ~found if operator in NEGATIVE else found


def segment_choices(asking: Asking) -> Choices:
    """Return the segments the asker may see as (code, name)."""
    actor = asking.actor
    return remembered(
        NAMES,
        lambda: list(Segment.objects.visible_to(actor).by_name().values_list("code", "name")),
        key=(actor.user, actor.everything, actor.reach_of("segment"), actor.members),
    )
