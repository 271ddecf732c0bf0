"""A campaign's result as words and printed figures, the same on the page and on paper."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from dialogue.kit.figures import print_count, print_share
from dialogue.kit.frozen import frozen
from dialogue.kit.money import MINUS, print_money
from dialogue.marketing.attribution.models import Rule, What
from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.models import Campaign, Decision, Run
from dialogue.marketing.campaigns.reference import Reference
from dialogue.marketing.campaigns.results import Result
from dialogue.marketing.campaigns.saying import funnel_of, letter_names

KINDS = ("people", "responses", "deals", "revenue", "cost")
MONEY = frozenset(("revenue", "cost"))


def money(amount: Any, currency: str, *, whole: bool = True) -> str:
    """Return an amount, a dash for none; `whole` leaves out the cents of larger sums."""
    if amount is None:
        return "—"
    value = Decimal(amount)
    return print_money(value.quantize(Decimal(1)) if whole and abs(value) >= 100 else value, currency)


@frozen
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
    return _("plan %(plan)s · %(off)s") % {"plan": money(plan, currency), "off": _signed(fact / float(plan) - 1)}


def _signed(off: float) -> str:
    """Return a deviation as a share with its sign; one that rounds to nothing has none."""
    said = print_share(abs(off), 0)
    return said if said == print_share(0.0, 0) else ("+" if off > 0 else MINUS) + said


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


@frozen
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


@frozen
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


@frozen
class PlanLine:
    """One line of plan and fact: what was planned, what earlier campaigns let expect, what came, and how far off the plan."""

    label: str
    plan: str
    expected: str
    fact: str
    off: str


def plan_of(row: Campaign, result: Result | None, reference: Reference, people: int | None = None) -> list[PlanLine]:
    """Return plan, reference and fact; the reference is for those reached, before the launch for `people`."""
    facts: dict[str, float | None] = dict.fromkeys(KINDS)
    if result is not None:
        facts = {
            "people": result.included, "responses": result.answered, "deals": result.deals,
            "revenue": result.reached.total, "cost": float(result.cost),
        }  # fmt: skip
        people = result.included
    expected = reference.expected(people) if people and reference.is_known else dict.fromkeys(KINDS)
    if result is not None and reference.is_known:
        expected["people"] = result.addressed * reference.reach
    plans = {name: getattr(row, f"plan_{name}") for name in KINDS}
    labels = dict(zip(KINDS, (_("People reached"), _("Answers"), _("Deals"), _("Income"), _("Costs")), strict=True))
    return [
        PlanLine(
            label,
            _amount(plans[name], row.currency if name in MONEY else ""),
            _amount(expected[name], row.currency if name in MONEY else ""),
            _amount(facts[name], row.currency if name in MONEY else ""),
            _signed(float(facts[name] or 0) / float(plans[name]) - 1) if plans[name] and facts[name] is not None else "",
        )
        for name, label in labels.items()
    ]


def reference_words(reference: Reference) -> str:
    """Return in a sentence what earlier campaigns came to, with their n; empty where there are none."""
    share = reference.answers
    if share is None:
        return ""
    words = _("%(names)s: of %(reached)s people reached %(share)s answered (95 %%: %(low)s – %(high)s, n = %(reached)s).")
    names = ", ".join(reference.names[:3])
    more = len(reference.names) - 3
    return words % {
        "names": f"{names} + {more}" if more > 0 else names,
        "reached": print_count(reference.reached),
        "share": print_share(share.estimate),
        "low": print_share(share.low),
        "high": print_share(share.high),
    }


def _amount(value: Any, currency: str) -> str:
    if value is None:
        return "—"
    return money(value, currency) if currency else print_count(round(value))
