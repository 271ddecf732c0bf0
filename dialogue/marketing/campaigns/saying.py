"""A campaign in words: why a person was reached, held out or left out, and the steps of its funnel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from dialogue.kit.frozen import frozen
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, Decision, Reason, Side
from dialogue.marketing.campaigns.results import Result
from dialogue.marketing.policy.keeping import policy_of
from dialogue.marketing.policy.rules import allowed_from
from dialogue.platform.tenants.models import Tenant


def why_words(decision: int, reason: int, policy: Mapping[str, Any] | None = None) -> str:
    """Return in one sentence what was decided about a person and why; `policy` is the one of the run."""
    if decision == Decision.INCLUDED:
        return _("Gets the letter.")
    if decision == Decision.HELD_OUT:
        return _("Held out by chance: without a group that gets nothing nobody could say what the campaign brought.")
    words = {
        Reason.NO_ADDRESS: _("Left out: there is no e-mail address on the card."),
        Reason.BAD_ADDRESS: _("Left out: letters to the e-mail address come back."),
        Reason.STOP_LIST: _("Left out: the address is on the stop list."),
        Reason.REFUSED: _("Left out: refused offers and news by e-mail."),
        Reason.NO_CONSENT: _("Left out: no consent to offers and news by e-mail is recorded."),
        Reason.DUPLICATE: _("Left out: another customer of the campaign has the same address, and one letter goes to it."),
        Reason.CAP: _("Left out: had as many letters lately as the contact policy allows."),
        Reason.PRIORITY: _("Left out: a campaign of higher priority takes the last letter the contact policy allows."),
    }
    if reason == Reason.CAP and policy:
        return _("Left out: %(cap)s letters within %(days)s days are the most the contact policy allows.") % {
            "cap": policy.get("cap", "?"),
            "days": policy.get("days", "?"),
        }
    above = (policy or {}).get("above", [])
    if reason == Reason.PRIORITY and above:
        return _("Left out: %(names)s has a higher priority and takes the last letter the contact policy allows.") % {
            "names": ", ".join(f"“{name}”" for name in above[:3])
        }
    return words.get(Reason(reason), "")


def hold_out_words(asked: int | None, percent: int) -> str:
    """Return how many are held out and why so many."""
    if asked is None and percent:
        return _("%(percent)s %% of those who could be reached, as always from 500 people on.") % {"percent": percent}
    if asked is None:
        return _("Nobody: below 500 people a group held out is too small to show anything.")
    if not percent:
        return _("Nobody, as was set: what the campaign brought beyond what would have come anyway will not be known.")
    return _("%(percent)s %% of those who could be reached, as was set.") % {"percent": percent}


def hours_words(company: Tenant, now: datetime) -> str:
    """Return that the contact policy lets no letter go at this hour, and from when it does; empty while letters may go."""
    first = allowed_from(now, company.zone, policy_of(company))
    if first <= now:
        return ""
    words = _("At this hour the contact policy lets no letters go: they leave from %(when)s on, by each reader's own clock.")
    return words % {"when": date_format(first, "SHORT_DATETIME_FORMAT")}


def letter_names(row: Campaign, known: Iterable[CampaignSegment] | None = None) -> dict[int, str]:
    """Return `{number: name}` of the letters of segments, in the order in which they are looked for, then everybody's."""
    if known is None:
        lines = list(CampaignSegment.objects.filter(campaign=row).addressed())
    else:
        lines = sorted((one for one in known if one.side == Side.INCLUDE), key=lambda one: (one.place, one.pk))
    return {one.number: one.name for one in lines} | {0: _("for everybody")}


@frozen
class FunnelStep:
    """One step of a funnel: its name (`steps.py`), its words, people, plan, what makes it a weak sign."""

    name: str
    label: str
    count: int
    plan: int | None = None
    hint: str = ""


def funnel_of(row: Campaign, result: Result) -> list[FunnelStep]:
    """Return the steps of a result, from all to the last."""
    opened = result.heard.get("opened", 0)
    indirect = _("an indirect sign: mail programs open pictures by themselves")
    paid = _("paid purchases of those reached, whatever led to them")
    return [
        FunnelStep("addressed", _("In the segments"), result.addressed),
        FunnelStep("included", _("Chosen to be reached"), result.included, row.plan_people),
        *([] if result.past else [FunnelStep("sent", _("Letters taken by the servers"), result.sent)]),
        *([FunnelStep("opened", _("Opened"), opened, None, indirect)] if opened else []),
        FunnelStep("followed", _("Followed a link"), result.heard.get("link_followed", 0)),
        FunnelStep("answered", _("Answered in any way"), result.answered, row.plan_responses),
        FunnelStep("deals", _("Deals opened"), result.deals, row.plan_deals),
        FunnelStep("attributed", _("Bought because of it"), result.attributed(row.currency)[0]),
        FunnelStep("bought", _("Bought within the period"), result.reached.buyers, None, paid),
    ]
