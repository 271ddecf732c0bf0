"""The fields of the timeline: one description for the page of events, export, the API and rules such as "lacks a touch"."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.fields import party
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.kinds import entry_kinds
from dialogue.customers.timeline.models import Entry, Side, Way
from dialogue.platform.accounts.members import member_choices
from dialogue.platform.criteria.fields import Asking, Choices, Entity, Field, Relation, entities
from dialogue.platform.criteria.kinds import FieldKind

ENTRY = "entry"
MOST_CAMPAIGNS = 500
entry = entities.add(ENTRY, Entity(name=ENTRY, label=_("event"), plural=_("events"), model=Entry, title="subject"))


def _sides(asking: Asking) -> Choices:
    return [(value, str(words)) for value, words in Side.choices]


def _ways(asking: Asking) -> Choices:
    return [(value, str(words)) for value, words in Way.choices if value]


def _kinds(asking: Asking) -> Choices:
    return [(name, str(entry_kinds.get(name).label)) for name in entry_kinds.keys()]  # noqa: SIM118  a registry iterates its items


def campaign_choices(asking: Asking) -> Choices:
    """Return (id, name) of the campaigns."""
    return [(str(pk), name) for pk, name in Source.objects.campaigns().values_list("pk", "name")[:MOST_CAMPAIGNS]]


def _members(asking: Asking) -> Choices:
    return member_choices()


entry.add(
    Field("at", _("when"), FieldKind.MOMENT, "at", sort="at"),
    Field(
        "party",
        _("customer"),
        FieldKind.TEXT,
        "party__name",
        joins=("party",),
        read=lambda row: row.party.name if row.party_id else "",
    ),
    Field("side", _("who spoke"), FieldKind.CHOICE, "side", choices=_sides),
    Field("kind", _("what happened"), FieldKind.CHOICE, "kind", choices=_kinds, said=lambda row: str(row.words)),
    Field("way", _("channel"), FieldKind.CHOICE, "way", choices=_ways),
    Field("subject", _("subject"), FieldKind.TEXT, "subject"),
    Field("body", _("text"), FieldKind.LONG_TEXT, "body"),
    Field("source", _("campaign"), FieldKind.CHOICE, "source", choices=campaign_choices),
    Field("by", _("who recorded it"), FieldKind.USER, "by", choices=_members),
    Field("party_id", _("number of the customer"), FieldKind.LINK, "party_id"),
    Field("touch", _("number of the touch"), FieldKind.LINK, "touch"),
)


# Rules about customers ask for touches and responses: {"lacks": "touch", "where": […]}.
party.relations.add(
    "touch",
    Relation(ENTRY, "party_id", _("touches"), extra={"side": Side.OUT.value}, there=_("has touches"), none=_("has no touches")),
)
party.relations.add(
    "response",
    Relation(
        ENTRY, "party_id", _("responses"), extra={"side": Side.IN.value}, there=_("has responses"), none=_("has no responses")
    ),
)
