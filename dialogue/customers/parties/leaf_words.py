"""How the leaves of customers, `related` and `consent`, are written and read by people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogue.customers.parties.drafts import ENTITY
from dialogue.customers.parties.models import Channel, ConsentState, Purpose, RelationType
from dialogue.platform.criteria.fields import Asking, Choices
from dialogue.platform.criteria.leaf_forms import LeafForm, Slot

BACK = "<"
"""Marks the other direction of a relation in its one choice."""


def relation_choices(asking: Asking) -> Choices:
    """Return the kinds of relation in both directions."""
    found: Choices = []
    for code, forward, reverse in RelationType.objects.order_by("position", "id").values_list("code", "forward", "reverse"):
        mirrored = _("%(relation)s (recorded from the other side)") % {"relation": reverse}
        found += [(code, forward), (f"{code}{BACK}", reverse if reverse != forward else mirrored)]
    return found


def _channels(asking: Asking) -> Choices:
    return [(value, str(words)) for value, words in Channel.choices]


def _purposes(asking: Asking) -> Choices:
    return [(value, str(words)) for value, words in Purpose.choices]


def _states(asking: Asking) -> Choices:
    return [(value, str(words)) for value, words in ConsentState.choices]


def _related(said: Mapping[str, str], where: str) -> str:
    return _("“%(relation)s” ties the customer to another one") % {"relation": said["related"]} + where


def _read_related(tree: Mapping[str, Any]) -> dict[str, str]:
    return {"related": str(tree.get("related", "")) + (BACK if tree.get("back") else "")}


def _write_related(values: Mapping[str, str]) -> dict[str, Any]:
    code = values.get("related", "")
    return {"related": code.removesuffix(BACK)} | ({"back": True} if code.endswith(BACK) else {})


def _consent(said: Mapping[str, str], where: str) -> str:
    return _("consent (%(channel)s, %(purpose)s): %(state)s") % {
        "channel": said["consent"],
        "purpose": said["purpose"],
        "state": said["is"],
    }


def _read_consent(tree: Mapping[str, Any]) -> dict[str, str]:
    return {
        "consent": str(tree.get("consent", "")),
        "purpose": str(tree.get("purpose", Purpose.MARKETING)),
        "is": str(tree.get("is", ConsentState.GIVEN)),
    }


RELATED = LeafForm(
    label=gettext_lazy("relation to another customer"),
    entity=ENTITY,
    slots=(Slot("related", gettext_lazy("relation"), relation_choices),),
    says=_related,
    read=_read_related,
    write=_write_related,
    where=ENTITY,
    hint=gettext_lazy(
        "Who stands in a relation to a customer that meets the nested conditions; `back` asks from the other side."
    ),
    example={"related": "decides_for", "where": [{"field": "phase", "is": "keep"}]},
)
CONSENT = LeafForm(
    label=gettext_lazy("consent"),
    entity=ENTITY,
    slots=(
        Slot("consent", gettext_lazy("channel"), _channels, usual=str(Channel.EMAIL)),
        Slot("purpose", gettext_lazy("for"), _purposes, usual=str(Purpose.MARKETING)),
        Slot("is", gettext_lazy("state"), _states, usual=str(ConsentState.GIVEN)),
    ),
    says=_consent,
    read=_read_consent,
    write=dict,
    hint=gettext_lazy(
        "Whose latest word about a channel and a purpose is such; the purpose is offers and news unless it is said."
    ),
    example={"consent": "email", "purpose": "marketing", "is": "given"},
)
