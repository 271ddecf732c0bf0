"""Pages of campaigns: the list, the result, the plan, the people of a run."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dialogue.customers.parties.models import Party
from dialogue.kit.doors import LARGEST
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.figures import print_count, print_share
from dialogue.kit.money import MINUS, print_money
from dialogue.marketing.attribution.models import Rule, What
from dialogue.marketing.campaigns.actions import bin_campaign
from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.launching import cancel_campaign, finish_campaign, pause_campaign, resume_campaign
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, CostLine, Decision, Person, Reason, Run, Side
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.report import workbook_of
from dialogue.marketing.campaigns.results import Result, result_of
from dialogue.marketing.campaigns.saying import funnel_of, hold_out_words, letter_names, why_words
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
}


def money(amount: Any, currency: str, *, whole: bool = True) -> str:
    """Return an amount, a dash for none; `whole` leaves out the cents of larger sums."""
    if amount is None:
        return "—"
    value = Decimal(amount)
    return print_money(value.quantize(Decimal(1)) if whole and abs(value) >= 100 else value, currency)


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
    run = Run.objects.filter(campaign=row).order_by("-number").first()
    return {
        "campaign": row,
        "run": run,
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
        return _plan(request, row, head_of(request, row, "plan"))
    result = result_of(row, run)
    context |= {
        "result": result,
        "steps": steps_of(row, result),
        "figures": figures_of(row, result),
        "reasons": reasons_of(Audience.of_run(run), run),
        "arms": arms_of(row, result),
        "plan": plan_of(row, result),
        "period": result.period,
        "brought": brought_of(result),
        "by_letter": letters_of(row, result),
        "coupons": coupon_figures([row.coupons])[row.coupons.pk] if row.coupons else None,
    }
    return render(request, "campaigns/result.html", context)


@member_page
@require_GET
def campaign_workbook(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Give the tables behind the result as a workbook."""
    row = found(request, pk)
    run = Run.objects.filter(campaign=row).order_by("-number").first()
    if run is None:
        raise Http404
    answer = HttpResponse(workbook_of(row, run, result_of(row, run)), content_type=XLSX)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{row.name}.xlsx") or ""
    return answer


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
    context |= {
        "included": [one for one in segments if one.side == Side.INCLUDE],
        "excluded": [one for one in segments if one.side == Side.EXCLUDE],
        "costs": [(one, money(one.planned, row.currency), money(one.spent, row.currency)) for one in costs],
        "planned": money(sum((one.planned or 0 for one in costs), Decimal(0)), row.currency),
        "spent": money(sum((one.spent or 0 for one in costs), Decimal(0)), row.currency),
        "plan": plan_of(row, result_of(row, run) if run else None),
        "hold_out": hold_out_words(row.hold_out, run.hold_out) if run else hold_out_plan(row),
    }
    return render(request, "campaigns/plan.html", context)


def hold_out_plan(row: Campaign) -> str:
    """Return in words how many will be held out."""
    if row.hold_out is None:
        return _("10 % from 500 people on, nobody below.")
    return hold_out_words(row.hold_out, row.hold_out)


@dataclass(frozen=True)
class Step:
    """One line of the funnel: people, their share of those addressed, and where the plan's mark stands."""

    label: str
    count: str
    share: str
    width: float
    plan: str = ""
    mark: float | None = None
    hint: str = ""
    indirect: bool = False


def steps_of(row: Campaign, result: Result) -> list[Step]:
    """Return the funnel, the widest line first."""
    widest = max(result.addressed, 1)
    return [
        Step(
            label,
            print_count(count),
            print_share(count / widest, 1 if count / widest < 0.1 else 0),
            round(100 * min(count / widest, 1), 2),
            print_count(plan) if plan is not None else "",
            round(100 * min(plan / widest, 1), 2) if plan is not None else None,
            hint,
            bool(hint),
        )
        for label, count, plan, hint in funnel_of(row, result)
    ]


def figures_of(row: Campaign, result: Result) -> list[tuple[str, str, str]]:
    """Return the figures at the head of the result: (label, figure, what stands under it)."""
    reached, held, gain, currency = result.reached, result.held, result.gain, row.currency
    told = [
        (
            _("Income of those reached, paid"),
            money(reached.total, currency),
            _deviation(reached.total, row.plan_revenue, currency),
        )
    ]
    if gain is None or not held.n:
        told.append((_("Gain over those held out"), "—", _("nobody was held out")))
    else:
        bounds = f"{money(gain.low, currency)} … {money(gain.high, currency)}"
        words = _("95 %%: %(bounds)s · n = %(reached)s / %(held)s")
        under = words % {"bounds": bounds, "reached": print_count(reached.n), "held": print_count(held.n)}
        told.append((_("Gain over those held out"), money(gain.estimate, currency), under))
    told.append((_("Costs"), money(result.cost, currency), _deviation(float(result.cost), row.plan_cost, currency)))
    roi = (gain.estimate / float(result.cost) - 1) if gain is not None and held.n and result.cost else None
    whole = (
        _("by all income %(share)s") % {"share": print_share(reached.total / float(result.cost) - 1, 0)} if result.cost else ""
    )
    told.append((_("Return on costs, by the gain"), print_share(roi, 0), whole))
    each = result.cost_per(result.sent or result.included)
    told.append(
        (
            _("Cost of an answer"),
            money(result.cost_per(result.answered), currency, whole=False),
            _("of a contact %(cost)s") % {"cost": money(each, currency, whole=False)},
        )
    )
    return told


def _deviation(fact: float, plan: Decimal | None, currency: str) -> str:
    if not plan:
        return ""
    off = fact / float(plan) - 1
    sign = "+" if off >= 0 else MINUS
    words = _("plan %(plan)s · %(sign)s%(off)s")
    return words % {"plan": money(plan, currency), "sign": sign, "off": print_share(abs(off), 0)}


def reasons_of(audience: Audience, run: Run) -> list[tuple[str, str, str]]:
    """Return who did not get the letter: (words, count, the filter of the list of people)."""
    lines = (
        [(str(Decision.HELD_OUT.label), print_count(audience.held_out), f"decision={Decision.HELD_OUT}")]
        if audience.held_out
        else []
    )
    return lines + [
        (str(reason.label), print_count(count), f"decision=3&reason={int(reason)}") for reason, count in audience.lines()
    ]


def brought_of(result: Result) -> list[tuple[str, str, str, str]]:
    """Return what is attributed to the campaign: (thing, by which rule, number, sum)."""
    return [
        (
            str(What(one["what"]).label),
            str(Rule(one["rule"]).label),
            print_count(one["count"]),
            money(one["amount"], one["currency"]) if one["currency"] else "—",
        )
        for one in result.brought
    ]


@dataclass(frozen=True)
class ArmLine:
    """One group beside the others: its people, buyers and revenue per person."""

    label: str
    n: str
    buyers: str
    share: str
    low: str
    high: str
    each: str


def arms_of(row: Campaign, result: Result) -> list[ArmLine]:
    """Return the groups to compare: each arm, and those held out."""
    labels = {"a": _("Letter A"), "b": _("Letter B")} if len(row.arms) > 1 else {"a": _("Reached")}
    groups = [(labels[arm], result.arms[arm]) for arm in labels if arm in result.arms]
    if result.held.n:
        groups.append((_("Held out"), result.held))
    lines = []
    for label, group in groups:
        share = group.share
        bounds = (print_share(share.low), print_share(share.high)) if share else ("—", "—")
        mean = money(group.sample.mean, row.currency, whole=False)
        lines.append(
            ArmLine(
                label,
                print_count(group.n),
                print_count(group.buyers),
                print_share(share.estimate if share else None),
                *bounds,
                mean,
            )
        )
    return lines


@dataclass(frozen=True)
class LetterLine:
    """One letter beside the others: its people and what came of them."""

    label: str
    n: str
    followed: str
    answered: str
    buyers: str
    each: str


def letters_of(row: Campaign, result: Result) -> list[LetterLine]:
    """Return what came of each letter, in the order in which they are looked for; nothing where everybody got the same."""
    names = letter_names(row) if result.letters else {}
    return [
        LetterLine(
            names.get(int(number), f"№ {number}"),
            print_count(one.group.n),
            f"{print_count(one.followed)} · {print_share(one.followed / one.group.n)}" if one.group.n else "—",
            f"{print_count(one.answered)} · {print_share(one.answered / one.group.n)}" if one.group.n else "—",
            f"{print_count(one.group.buyers)} · {print_share(one.group.buyers / one.group.n)}" if one.group.n else "—",
            money(one.group.sample.mean, row.currency, whole=False),
        )
        for number, one in sorted(
            result.letters.items(), key=lambda line: list(names).index(int(line[0])) if int(line[0]) in names else 0
        )
    ]


def plan_of(row: Campaign, result: Result | None) -> list[tuple[str, str, str, str]]:
    """Return plan and fact: (what, plan, fact, deviation)."""
    facts: dict[str, float | None] = dict.fromkeys(("people", "responses", "deals", "revenue", "cost"))
    if result is not None:
        facts = {
            "people": result.included, "responses": result.answered, "deals": result.deals,
            "revenue": result.reached.total, "cost": float(result.cost),
        }  # fmt: skip
    lines = [
        (_("People reached"), row.plan_people, facts["people"], False),
        (_("Answers"), row.plan_responses, facts["responses"], False),
        (_("Deals"), row.plan_deals, facts["deals"], False),
        (_("Income"), row.plan_revenue, facts["revenue"], True),
        (_("Costs"), row.plan_cost, facts["cost"], True),
    ]
    said = []
    for label, plan, fact, is_money in lines:
        off = float(fact) / float(plan) - 1 if plan and fact is not None else None
        sign = "" if off is None else "+" if off >= 0 else MINUS
        said.append(
            (
                label,
                _amount(plan, row.currency if is_money else ""),
                _amount(fact, row.currency if is_money else ""),
                "" if off is None else sign + print_share(abs(off), 0),
            )
        )
    return said


def _amount(value: Any, currency: str) -> str:
    if value is None:
        return "—"
    return money(value, currency) if currency else print_count(int(value))


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
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and int(text) < LARGEST else 0


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
