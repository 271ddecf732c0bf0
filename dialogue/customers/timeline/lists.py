"""The page of events: the dialogue of the whole company, declared as a list."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from dialogue.customers.timeline.fields import ENTRY, campaign_choices
from dialogue.customers.timeline.models import Entry, Side
from dialogue.customers.timeline.rules import first_line
from dialogue.customers.timeline.words import holding_words
from dialogue.kit.addresses import record_url
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.lists.pages import Empty, ListPage, Preset

TONES = {Side.OUT: " say", Side.IN: " answer"}


def _search(rows: QuerySet[Any], text: str, asking: Asking) -> QuerySet[Any]:
    # One reading asks for rows, their number and the counts of filters: what is found is found once.
    if ("entries", text) not in asking.kept:
        asking.kept["entries", text] = holding_words(text)
    return rows.filter(asking.kept["entries", text])


def _party(row: Entry, asking: Asking) -> SafeString:
    return format_html('<a href="{}">{}</a>', record_url("party_card", row.party_id), row.party.name)


def _kind(row: Entry, asking: Asking) -> SafeString:
    return format_html('<span class="chip{}">{}</span>', TONES.get(Side(row.side), ""), capfirst(str(row.words)))


def _subject(row: Entry, asking: Asking) -> str:
    said = row.subject or first_line(row.body or "")
    if said or row.source is None:
        return said
    # The letters of a campaign have their words there.
    if "campaigns" not in asking.kept:
        asking.kept["campaigns"] = dict(campaign_choices(asking))
    return str(asking.kept["campaigns"].get(str(row.source), ""))


EVENTS = ListPage(
    name="events",
    entity=ENTRY,
    title=_("Events"),
    url_name="events",
    columns=("at", "party", "kind", "subject", "way", "by"),
    quick=("side", "kind", "way", "at", "party", "source", "by"),
    empty=Empty(
        _("Nothing has been said yet"),
        _("Write to a customer, or record a call on his card: what you said and what he answered will stand here in order."),
    ),
    row_url=lambda row: record_url("party_card", row.party_id),
    sort="-at",
    search_words=_("Customer, subject, text"),
    presets=(
        Preset("said", _("What we said"), {"field": "side", "is": "out"}),
        Preset("answered", _("What was answered"), {"field": "side", "is": "in"}),
        Preset("mine", _("Recorded by me"), {"field": "by", "is": "me"}),
    ),
    search=_search,
    cells={"party": _party, "kind": _kind, "subject": _subject},
    scattered=True,
)
