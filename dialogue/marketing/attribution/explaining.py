"""“Why is this attributed?” in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.models import Entry
from dialogue.customers.timeline.rules import first_line
from dialogue.kit.frozen import frozen
from dialogue.marketing.attribution.counting import Windows
from dialogue.marketing.attribution.models import Attribution, Rule
from dialogue.selling.promotions.models import Use


@frozen
class Why:
    """What brought it, in words: the campaign, the reason, the rule it follows from; `row` is None where nothing did."""

    row: Attribution | None
    campaign: str
    words: str
    rule: str
    weak: bool = False


def _near(days: int) -> str:
    return ngettext("%(days)d day before", "%(days)d days before", days) % {"days": days} if days else _("the same day")


def _entry(pk: int | None) -> Entry | None:
    return Entry.objects.filter(pk=pk).first() if pk is not None else None


def _said(entry: Entry | None) -> str:
    return (entry.subject or first_line(entry.body or "")) if entry is not None else ""


def explain(row: Attribution | None, windows: Windows) -> Why:
    """Return why a purchase or deal is attributed as it is, or why to nothing."""
    if row is None:
        words = _("Nothing of yours was near: no coupon, no campaign named, no answer and no message before it.")
        return Why(None, "", words, _rule_words(windows))
    source = Source.objects.filter(pk=row.source).first() if row.source else None
    rule = Rule(row.rule)
    weak = rule is Rule.DELIVERED
    return Why(row, str(source or ""), _words(row, rule), _rule_words(Windows(windows.deed, windows.delivered)), weak)


def _words(row: Attribution, rule: Rule) -> str:
    if rule is Rule.COUPON:
        use = Use.objects.filter(purchase=row.ref).select_related("series").first()
        return _("The coupon %(code)s of “%(series)s” came with it.") % {
            "code": use.code if use else "",
            "series": str(use.series) if use and use.series else "",
        }
    if rule is Rule.NAMED:
        return _("It names the campaign itself.")
    entry = _entry(row.entry)
    if rule is Rule.DEED:
        touch = _entry(row.touch)
        facts = {"near": _near(row.days), "deed": str(entry.words) if entry else "", "subject": _said(touch) or _said(entry)}
        if facts["subject"]:
            return _("The customer, %(near)s: %(deed)s, “%(subject)s”.") % facts
        return _("The customer, %(near)s: %(deed)s.") % facts
    facts = {"near": _near(row.days), "subject": _said(entry) or (str(entry.words) if entry else "")}
    return _("“%(subject)s” reached the customer, %(near)s, and he did not answer it: a weak sign.") % facts


def _rule_words(windows: Windows) -> str:
    return _(
        "The rule: a coupon; else the campaign it names; else the last answer within %(deed)d days; else the last message that"
        " was not returned within %(delivered)d days."
    ) % {"deed": windows.deed, "delivered": windows.delivered}
