"""Pages of campaigns: the list, the result, the plan, the people of a run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dialogue.customers.parties.models import Party
from dialogue.kit.doors import LARGEST, whole_number
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.figures import print_count
from dialogue.marketing.campaigns.actions import PLAN, bin_campaign
from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.launching import cancel_campaign, finish_campaign, is_moving, pause_campaign, resume_campaign
from dialogue.marketing.campaigns.models import (
    Campaign,
    CampaignSegment,
    CampaignState,
    CostLine,
    Decision,
    Person,
    Reason,
    Run,
    Side,
)
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.reference import Reference, chosen_for, people_of, plan_by_reference, reference_of
from dialogue.marketing.campaigns.results import result_of
from dialogue.marketing.campaigns.saying import hold_out_words, hours_words, letter_names, why_words
from dialogue.marketing.campaigns.telling import (
    arms_of,
    brought_of,
    figures_of,
    has_steps,
    letters_of,
    money,
    plan_of,
    reasons_of,
    reference_words,
    steps_of,
    steps_words,
)
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.lists.views.reading import list_page
from dialogue.selling.promotions.figures import figures_of as coupon_figures

PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
VERBS: dict[str, Any] = {
    "delete": bin_campaign,
    "pause": pause_campaign,
    "resume": resume_campaign,
    "finish": finish_campaign,
    "cancel": cancel_campaign,
    "plan-by-past": plan_by_reference,
}


@member_page
@require_GET
def campaign_list(request: MemberRequest) -> HttpResponseBase:
    """Show the list of campaigns."""
    return list_page(request, "campaigns")


def found(request: MemberRequest, pk: int) -> Campaign:
    """Return the campaign the member sees.

    Raises:
        Http404: there is none for him.
        NotPermitted: he may see no campaigns at all.
    """
    rows = Campaign.objects.visible_to(request.actor).select_related("responsible", "identity", "coupons")
    row = rows.filter(pk=pk).first() if pk < LARGEST else None
    if row is None:
        raise Http404
    if not request.actor.can(CampaignPermission.READ):
        raise NotPermitted(_("To see campaigns you must have the right to. Ask your administrator."))
    return row


def head_of(request: MemberRequest, row: Campaign, tab: str) -> dict[str, Any]:
    """Return what the head of each of a campaign's pages shows."""
    return {
        "campaign": row,
        "run": Run.objects.newest_of(row),
        "tab": tab,
        "may_write": request.actor.can(CampaignPermission.WRITE),
        "may_launch": request.actor.can(CampaignPermission.LAUNCH),
    }


@member_page
@require_GET
def campaign_page(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show what came of a campaign; of one that was not launched yet, its plan."""
    row = found(request, pk)
    context = head_of(request, row, "result")
    run = context["run"]
    if run is None:
        return _plan(request, row, context | {"tab": "plan"})
    result, reference = result_of(row, run), Reference.of(run.reference)
    waits = row.state == CampaignState.RUNNING and result.sent < result.included
    context |= {
        "hours": hours_words(request.company, timezone.now()) if waits and is_moving(run) else "",
        "result": result,
        "steps": steps_of(row, result, reference),
        "steps_before": has_steps(reference),
        "steps_words": steps_words(reference),
        "figures": figures_of(row, result),
        "reasons": reasons_of(Audience.of_run(run), run),
        "arms": arms_of(row, result),
        "plan": plan_of(row, result, reference),
        "before": reference_words(reference),
        "period": result.period,
        "brought": brought_of(result),
        "by_letter": letters_of(row, result),
        "coupons": coupon_figures([row.coupons])[row.coupons.pk] if row.coupons else None,
    }
    return render(request, "campaigns/result.html", context)


@member_page
@require_GET
def campaign_plan(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show the plan beside the facts: goal, people, money, segments."""
    row = found(request, pk)
    return _plan(request, row, head_of(request, row, "plan"))


def _plan(request: MemberRequest, row: Campaign, context: dict[str, Any]) -> HttpResponseBase:
    run = context["run"]
    segments = list(CampaignSegment.objects.filter(campaign=row).select_related("segment").order_by("id"))
    costs = list(CostLine.objects.filter(campaign=row))
    reference = Reference.of(run.reference) if run else reference_of(chosen_for(row, request.actor))
    context |= {
        "included": [one for one in segments if one.side == Side.INCLUDE],
        "excluded": [one for one in segments if one.side == Side.EXCLUDE],
        "costs": [(one, money(one.planned, row.currency), money(one.spent, row.currency)) for one in costs],
        "planned": money(sum((one.planned or 0 for one in costs), Decimal(0)), row.currency),
        "spent": money(sum((one.spent or 0 for one in costs), Decimal(0)), row.currency),
        "plan": plan_of(row, result_of(row, run) if run else None, reference, None if run else people_of(row, reference)),
        "before": reference_words(reference),
        "empty_plan": any(getattr(row, name) is None for name in PLAN),
        "hold_out": hold_out_words(row.hold_out, run.hold_out) if run else hold_out_plan(row),
    }
    return render(request, "campaigns/plan.html", context)


def hold_out_plan(row: Campaign) -> str:
    """Return in words how many will be held out."""
    if row.hold_out is None:
        return _("10 % from 500 people on, nobody below.")
    return hold_out_words(row.hold_out, row.hold_out)


@member_page
@require_GET
def campaign_people(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show the people of the last run with the decision about each; a page of them, by key."""
    row = found(request, pk)
    context = head_of(request, row, "people")
    run = context["run"]
    if run is None:
        return redirect("campaign_page", pk)
    audience = Audience.of_run(run)
    decision, reason = _asked(request, "decision"), _asked(request, "reason")
    rows = Person.objects.filter(run_id=run.pk)
    if decision in Decision.values:
        rows = rows.filter(decision=decision)
    if decision == Decision.EXCLUDED and reason in Reason.values:
        rows = rows.filter(reason=reason)
    page = list(rows.filter(party_id__gt=_asked(request, "after")).order_by("party_id")[: PAGE + 1])
    seen = {one.pk: one for one in Party.objects.visible_to(request.actor).filter(pk__in=[one.party_id for one in page])}
    names = letter_names(row) if set(audience.letters) - {"0"} else {}
    context |= {
        "letters": names,
        "people": [
            (seen.get(one.party_id), one, why_words(one.decision, one.reason, run.policy), names.get(one.letter, ""))
            for one in page[:PAGE]
        ],
        "after": page[PAGE - 1].party_id if len(page) > PAGE else None,
        "decision": decision,
        "reason": reason,
        "tabs": [
            (_("All"), print_count(audience.total), 0, 0),
            (str(Decision.INCLUDED.label), print_count(audience.included), int(Decision.INCLUDED), 0),
            (str(Decision.HELD_OUT.label), print_count(audience.held_out), int(Decision.HELD_OUT), 0),
            *((str(why.label), print_count(count), int(Decision.EXCLUDED), int(why)) for why, count in audience.lines()),
        ],
        "hold_out": hold_out_words(row.hold_out, run.hold_out),
    }
    return render(request, "campaigns/people.html", context)


def _asked(request: MemberRequest, name: str) -> int:
    return whole_number(request.GET.get(name)) or 0


@member_page
@require_POST
def campaign_verb(request: MemberRequest, pk: int, verb: str) -> HttpResponseBase:
    """Pause, go on, finish, cancel or delete a campaign."""
    row = found(request, pk)
    if verb not in VERBS:
        raise Http404
    try:
        VERBS[verb](row, by=request.actor)
    except NotPermitted:
        raise
    except Refusal as refusal:
        request.undo = True
        messages.error(request, refusal.message, extra_tags="bad")
        return redirect("campaign_page", row.pk)
    return redirect("campaign_list") if verb == "delete" else redirect("campaign_page", row.pk)
