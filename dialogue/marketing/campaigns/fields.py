"""The fields of a campaign: one description for the list, filters and the API."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dialogue.marketing.campaigns.actions import ENTITY
from dialogue.marketing.campaigns.models import Campaign, CampaignState, Test
from dialogue.marketing.segments.fields import _listed, _members
from dialogue.platform.criteria.fields import Entity, Field, entities
from dialogue.platform.criteria.kinds import FieldKind

campaign = entities.add(ENTITY, Entity(ENTITY, _("Campaign"), _("Campaigns"), Campaign))
campaign.add(
    Field("name", pgettext_lazy("of a campaign", "name"), FieldKind.TEXT, "name", sort="fold", editable=True),
    Field("state", _("state"), FieldKind.CHOICE, "state", choices=_listed(CampaignState)),
    Field("starts_on", pgettext_lazy("of a campaign", "begins"), FieldKind.DATE, "starts_on", sort="starts_on"),
    Field("ends_on", pgettext_lazy("of a campaign", "ends"), FieldKind.DATE, "ends_on", sort="ends_on"),
    Field(
        "responsible", _("responsible"), FieldKind.USER, "responsible_id", choices=_members, editable=True,
        said=lambda row: str(row.responsible) if row.responsible_id else "", joins=("responsible",),
    ),
    Field("plan_people", _("people, plan"), FieldKind.NUMBER, "plan_people"),
    Field("plan_responses", _("responses, plan"), FieldKind.NUMBER, "plan_responses"),
    Field("plan_deals", _("deals, plan"), FieldKind.NUMBER, "plan_deals"),
    Field("plan_revenue", _("income, plan"), FieldKind.MONEY, "plan_revenue", currency="currency"),
    Field("plan_cost", _("costs, plan"), FieldKind.MONEY, "plan_cost", currency="currency"),
    Field("test", _("test"), FieldKind.CHOICE, "test", choices=_listed(Test)),
    Field("goal", _("goal"), FieldKind.LONG_TEXT, "goal", editable=True),
    Field("launched_at", _("launched"), FieldKind.MOMENT, "launched_at"),
    Field("created_at", _("created"), FieldKind.MOMENT, "created_at", sort="created_at"),
    Field("updated_at", _("changed"), FieldKind.MOMENT, "updated_at"),
)  # fmt: skip
