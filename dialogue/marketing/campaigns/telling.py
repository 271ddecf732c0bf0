"""A campaign's result as words and printed figures, the same on the page and on paper."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogue.kit.figures import print_count, print_share
from dialogue.kit.frozen import frozen
from dialogue.kit.money import MINUS, print_money
from dialogue.marketing.attribution.models import Rule, What
from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.models import Campaign, Decision, Run
from dialogue.marketing.campaigns.reference import Reference
from dialogue.marketing.campaigns.results import LetterResult, Result
from dialogue.marketing.campaigns.saying import FunnelStep, funnel_of, letter_names
from dialogue.marketing.campaigns.steps import LEAST

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
    """One line of the funnel: people, their share of those addressed, where the plan's mark stands.

    `before` is what earlier campaigns let one expect here, `rate` the median share that says so with its n, `trace` its mark.
    """

    label: str
    count: str
    share: str
    width: float
    plan: str = ""
    mark: float | None = None
    hint: str = ""
    indirect: bool = False
    before: str = ""
    rate: str = ""
    trace: float | None = None


def steps_of(row: Campaign, result: Result, reference: Reference) -> list[Step]:
    """Return the funnel, the widest line first, with what earlier campaigns came to at each step."""
    widest = max(result.addressed, 1)
    return [_step(one, widest, result, reference) for one in funnel_of(row, result)]


def _step(one: FunnelStep, widest: int, result: Result, reference: Reference) -> Step:
    share, usual = one.count / widest, reference.at(one.name)
    before = usual * base_of(one.name, result) if usual is not None else None
    rate = ""
    if usual is not None:
        rate = f"{print_share(usual, 0 if usual >= 0.1 else 1)} · n = {print_count(int(reference.steps[one.name]['n']))}"
    return Step(
        one.label,
        print_count(one.count),
        print_share(share, 1 if share < 0.1 else 0),
        _place(one.count, widest),
        print_count(one.plan) if one.plan is not None else "",
        _place(one.plan, widest) if one.plan is not None else None,
        one.hint,
        bool(one.hint),
        before="" if one.name == "addressed" else "—" if before is None else print_count(round(before)),
        rate=rate,
        trace=_place(before, widest) if before is not None else None,
    )


def _place(count: float, widest: int) -> float:
    return round(100 * min(count / widest, 1), 2)


def base_of(step: str, result: Result) -> int:
    """Return of whom a step's usual share is: those in the segments for those reached, those reached for all others."""
    return result.addressed if step == "included" else result.included


def steps_words(reference: Reference) -> str:
    """Return in a sentence what stands beside the steps as the usual, or why nothing does."""
    known = len(reference.names)
    if not known:
        return _("As before: nothing, there was no finished campaign to compare the steps with.")
    if not reference.steps:
        return _("As before: nothing, at the launch of this campaign steps were not compared yet.")
    if not has_steps(reference):
        words = ngettext(
            "As before: nothing, %(n)s earlier campaign is too few for steps, %(least)s are needed.",
            "As before: nothing, %(n)s earlier campaigns are too few for steps, %(least)s are needed.",
            known,
        )
        return words % {"n": known, "least": LEAST}
    words = ngettext(
        "As before: what the median share of %(n)s earlier campaign, of those reached, would give here;"
        " n is how many campaigns know the step, a dash where fewer than %(least)s do.",
        "As before: what the median share of %(n)s earlier campaigns, of those reached, would give here;"
        " n is how many campaigns know the step, a dash where fewer than %(least)s do.",
        known,
    )
    return words % {"n": known, "least": LEAST}


def has_steps(reference: Reference) -> bool:
    """Return whether enough earlier campaigns know any step."""
    return any(reference.at(name) is not None for name in reference.steps)


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
    elif not reached.buyers and not held.buyers:
        # Of nothing but noughts the interval would be sure of nought.
        told.append((_("Gain over those held out"), "—", _("nobody has bought yet")))
    else:
        bounds = f"{money(gain.low, currency)} … {money(gain.high, currency)}"
        words = _("95 %%: %(bounds)s · n = %(reached)s / %(held)s")
        under = words % {"bounds": bounds, "reached": print_count(reached.n), "held": print_count(held.n)}
        told.append((_("Gain over those held out"), money(gain.estimate, currency), _tied(under)))
    told.append((_("Costs"), money(result.cost, currency), _deviation(float(result.cost), row.plan_cost, currency)))
    bought = reached.buyers or held.buyers
    roi = (gain.estimate / float(result.cost) - 1) if gain is not None and held.n and bought and result.cost else None
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


def _tied(words: str) -> str:
    """Return the words with figures that no line end parts from what they are of."""
    return words.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}").replace(" / ", "\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}")


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


def letter_results(row: Campaign, result: Result) -> list[tuple[str, LetterResult]]:
    """Return (name, what came of it) of each letter, in the order in which they are looked for; nothing where all got the same."""
    names = letter_names(row) if result.letters else {}
    order = list(names)
    known = sorted(result.letters.items(), key=lambda line: order.index(int(line[0])) if int(line[0]) in names else 0)
    return [(names.get(int(number), f"№ {number}"), one) for number, one in known]


def letters_of(row: Campaign, result: Result) -> list[LetterLine]:
    """Return what came of each letter, printed."""
    return [
        LetterLine(
            name,
            print_count(one.group.n),
            _of(one.followed, one.group.n),
            _of(one.answered, one.group.n),
            _of(one.group.buyers, one.group.n),
            money(one.group.sample.mean, row.currency, whole=False),
        )
        for name, one in letter_results(row, result)
    ]


def _of(count: int, n: int) -> str:
    return f"{print_count(count)} · {print_share(count / n)}" if n else "—"


@frozen
class PlanLine:
    """One line of plan and fact: what was planned, what earlier campaigns let expect, what came, and how far off the plan."""

    label: str
    plan: str
    expected: str
    fact: str
    off: str


def plan_figures(
    row: Campaign, result: Result | None, reference: Reference, people: int | None = None
) -> list[tuple[str, float | None, float | None, float | None]]:
    """Return (words, plan, as before, fact) of each line, in the order of `KINDS`.

    The reference is for those reached, before the launch for `people`.
    """
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
    labels = (_("People reached"), _("Answers"), _("Deals"), _("Income"), _("Costs"))
    plans = (getattr(row, f"plan_{name}") for name in KINDS)
    return [
        (label, None if plan is None else float(plan), expected[name], facts[name])
        for name, label, plan in zip(KINDS, labels, plans, strict=True)
    ]


def plan_of(row: Campaign, result: Result | None, reference: Reference, people: int | None = None) -> list[PlanLine]:
    """Return plan, reference and fact, printed; see `plan_figures`."""
    lines = []
    for name, (label, plan, expected, fact) in zip(KINDS, plan_figures(row, result, reference, people), strict=True):
        currency = row.currency if name in MONEY else ""
        off = _signed(float(fact or 0) / plan - 1) if plan and fact is not None else ""
        lines.append(PlanLine(label, _amount(plan, currency), _amount(expected, currency), _amount(fact, currency), off))
    return lines


def reference_words(reference: Reference) -> str:
    """Return in a sentence what earlier campaigns came to, with their n; empty where there are none."""
    share = reference.answers
    if share is None:
        return ""
    words = _("%(names)s: of %(reached)s people reached %(share)s answered (95 %%: %(low)s – %(high)s, n = %(reached)s).")
    names = ", ".join(reference.names[:3])
    more = len(reference.names) - 3
    told = {
        "names": f"{names} + {more}" if more > 0 else names,
        "reached": print_count(reference.reached),
        "share": print_share(share.estimate),
        "low": print_share(share.low),
        "high": print_share(share.high),
    }
    return _tied(words % told)


def _amount(value: Any, currency: str) -> str:
    if value is None:
        return "—"
    return money(value, currency) if currency else print_count(round(value))
