"""How search finds a campaign: by its name and goal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.addresses import record_url
from dialogue.kit.statement import Statement, one_of
from dialogue.marketing.campaigns.actions import ENTITY
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.platform.search.kinds import Findable, Hit, SearchKind


def _rows() -> QuerySet[Any]:
    return Campaign.with_bin.all()


def _texts(rows: QuerySet[Any]) -> Iterable[Findable]:
    return [Findable(pk, name, f"{name} {goal}") for pk, name, goal in rows.values_list("pk", "name", "goal")]


def _visible_to(actor: Actor) -> QuerySet[Any]:
    rows = Campaign.objects.visible_to(actor)
    # Ids begin with 1: who may see no campaigns finds none, by a statement that is written all the same.
    return rows if actor.can(CampaignPermission.READ) else rows.filter(pk__lt=0)


def _said(actor: Actor, ids: int) -> QuerySet[Any]:
    return _visible_to(actor).filter(one_of("pk", ids)).only("name", "state")


def _describe(found: Sequence[Campaign]) -> Sequence[Hit]:
    return [Hit(ENTITY, row.pk, row.name, str(row.get_state_display()), record_url("campaign_page", row.pk)) for row in found]


campaigns = SearchKind(
    name=ENTITY,
    label=_("Campaigns"),
    rows=_rows,
    texts=_texts,
    visible_to=_visible_to,
    read=(Statement(_said),),
    describe=_describe,
)
