"""The list of campaigns."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, pgettext_lazy

from dialogue.kit.doors import whole_number
from dialogue.marketing.campaigns.actions import ENTITY, change_campaign
from dialogue.marketing.campaigns.models import Campaign, CampaignState
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.lists.pages import Button, Empty, ListPage, Preset, list_pages


def _search(rows: QuerySet[Any], text: str, asking: Asking) -> QuerySet[Any]:
    return rows.filter(fold__contains=text.casefold())


def _state(row: Campaign, asking: Asking) -> SafeString:
    return format_html('<span class="chip {}">{}</span>', row.tone, row.get_state_display())


def change_cell(row: Campaign, name: str, value: Any, *, by: Any) -> Campaign:
    """Change one field from the list's cell; return the campaign.

    Raises:
        Refusal: the value is wrong.
    """
    if name == "responsible":
        value = whole_number(value)
    return change_campaign(row, by=by, **{name: value if name == "responsible" else value or ""})


NEW = Button(gettext_lazy("New campaign"), "campaign_new", permission=CampaignPermission.WRITE, main=True, key="n")
PAST = Button(gettext_lazy("From the past"), "campaign_past", permission=CampaignPermission.WRITE)
CAMPAIGNS = list_pages.add(
    "campaigns",
    ListPage(
        name="campaigns",
        entity=ENTITY,
        title=gettext_lazy("Campaigns"),
        url_name="campaign_list",
        permission=CampaignPermission.READ,
        columns=("name", "state", "starts_on", "ends_on", "plan_people", "plan_revenue", "responsible"),
        quick=("state", "responsible", "starts_on"),
        empty=Empty(
            gettext_lazy("No campaigns yet"),
            gettext_lazy("Plan whom you want to reach and what it should bring. The result then says what it really brought."),
            buttons=(NEW, PAST),
        ),
        row_url=lambda row: reverse("campaign_page", args=[row.pk]),
        search_words=gettext_lazy("Find a campaign"),
        presets=(
            Preset(
                "going",
                pgettext_lazy("campaigns", "Running"),
                {"field": "state", "in": [CampaignState.RUNNING.value, CampaignState.PAUSED.value]},
            ),
            Preset("draft", pgettext_lazy("campaigns", "Being prepared"), {"field": "state", "is": CampaignState.DRAFT.value}),
            Preset("done", pgettext_lazy("campaigns", "Finished"), {"field": "state", "is": CampaignState.DONE.value}),
            Preset("mine", gettext_lazy("Mine"), {"field": "responsible", "is": "me"}),
        ),
        buttons=(PAST, NEW),
        search=_search,
        cells={"state": _state},
        change=change_cell,
    ),
)
