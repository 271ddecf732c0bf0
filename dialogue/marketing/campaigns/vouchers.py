"""The coupons of a campaign: which code a letter prints, issuing them at the launch, and what must be right before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from dialogue.customers.channels.blocks import all_text
from dialogue.customers.channels.pieces import names_in, tokens_of
from dialogue.customers.parties.models import Party
from dialogue.customers.sources.models import source_names
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.kit.scope import current_tenant
from dialogue.marketing.campaigns.freezing import Audience
from dialogue.marketing.campaigns.models import Campaign, Content, Decision, Run
from dialogue.platform.tenants.opened import open_company
from dialogue.selling.promotions.actions import issue_to_people
from dialogue.selling.promotions.models import Coupon, Series, Use

PLACE = "coupon"
INCLUDED = f"SELECT party_id FROM campaigns_person WHERE tenant_id = %s AND run_id = %s AND decision = {Decision.INCLUDED}"


def codes_of(series: Series | None, parties: Iterable[int]) -> Mapping[int, str]:
    """Return `{customer: code}` of those who have one; of a series with one code for everybody that code for each."""
    if series is None:
        return {}
    if series.code:
        return dict.fromkeys(parties, series.code)
    return dict(Coupon.objects.filter(series=series, party__in=list(parties)).values_list("party_id", "code"))


def example_of(series: Series | None, party: Party) -> str:
    """Return the code a preview shows: the customer's own where he has one, else one that looks like it."""
    if series is None:
        return ""
    return codes_of(series, [party.pk]).get(party.pk, f"{series.prefix}EXAMPLE1")


def says_code(content: Content) -> bool:
    """Return whether a letter prints the coupon's code."""
    try:
        return PLACE in names_in(tokens_of(content.subject + all_text(content.blocks) + content.body))
    except Refusal:
        return False


def issue_for(campaign: Campaign, run: Run, *, by: Actor) -> int:
    """Give everybody the run reaches his code of the campaign's coupons; return how many are new.

    Raises:
        Conflict: the coupons were closed.
    """
    if campaign.coupons is None:
        return 0
    # Who launches campaigns need not be allowed to issue coupons by hand: these follow from the campaign.
    able = replace(by, everything=True)
    values = [current_tenant(), run.pk]
    return issue_to_people(campaign.coupons, INCLUDED, values, by=able, source=campaign.source)


def coupons_wrong(
    campaign: Campaign, contents: Iterable[Content], audience: Audience | None
) -> Iterator[tuple[bool, str, str]]:
    """Yield what is wrong with the campaign's coupons: (whether it stops the launch, words, the page that mends it)."""
    printed = any(says_code(one) for one in contents)
    series = campaign.coupons
    if series is None:
        if printed:
            yield True, _("The letters print a coupon, and no coupons are chosen: choose them in the plan."), "plan"
        return
    if not printed:
        yield False, _("No letter prints the code of the coupons: write {{coupon}} where it is to stand."), "letters"
    yield from ((True, words, "plan") for words in _misfits(campaign, series))
    left = _left(series)
    if left is not None and audience is not None and audience.included > left:
        words = _("Too few uses are left of “%(name)s”: %(left)s, and the letter goes to %(people)s. Choose other coupons.")
        yield True, words % {"name": series.name, "left": left, "people": audience.included}, "plan"


def _misfits(campaign: Campaign, series: Series) -> Iterator[str]:
    """Yield why the coupons do not fit the campaign's days, or belong to another one."""
    today = open_company().today()
    first = max(campaign.starts_on or today, today)
    last = campaign.ends_on or first
    if series.closed_at is not None:
        yield _("The coupons “%(name)s” were closed: choose others.") % {"name": series.name}
    if series.ends_on is not None and series.ends_on < last:
        words = _("The coupons “%(name)s” end on %(day)s, before the campaign does: choose others.")
        yield words % {"name": series.name, "day": date_format(series.ends_on, "SHORT_DATE_FORMAT")}
    if series.starts_on is not None and series.starts_on > first:
        words = _("The coupons “%(name)s” begin only on %(day)s, after the letters: choose others.")
        yield words % {"name": series.name, "day": date_format(series.starts_on, "SHORT_DATE_FORMAT")}
    if series.source is not None and series.source != campaign.source:
        words = _("The coupons “%(name)s” are those of “%(campaign)s”, which their uses count for: choose others.")
        yield words % {"name": series.name, "campaign": source_names([series.source]).get(series.source, "?")}


def _left(series: Series) -> int | None:
    """Return how often the code of everybody may still be used, None where there is no limit."""
    if not series.code or series.limit is None:
        return None
    return max(series.limit - Use.objects.living().counting().filter(series=series).count(), 0)
