"""How a rule that names a segment is written and read by people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogue.customers.parties.drafts import ENTITY
from dialogue.marketing.segments.rules import segment_choices
from dialogue.marketing.segments.trees import LEAF
from dialogue.platform.criteria.leaf_forms import LeafForm, Slot


def _says(said: Mapping[str, str], where: str) -> str:
    return _("is in the segment “%(segment)s”") % {"segment": said[LEAF]}


def _read(tree: Mapping[str, Any]) -> dict[str, str]:
    return {LEAF: str(tree.get(LEAF, ""))}


def _write(values: Mapping[str, str]) -> dict[str, Any]:
    return {LEAF: values.get(LEAF, "")}


IN_SEGMENT = LeafForm(
    label=gettext_lazy("is in a segment"),
    entity=ENTITY,
    slots=(Slot(LEAF, gettext_lazy("segment"), segment_choices),),
    says=_says,
    read=_read,
    write=_write,
    hint=gettext_lazy("Who is in another segment now, by its stored membership."),
    example={LEAF: "lapsed-customers"},
)
