"""Campaigns of the demonstration company: four that ended, with what came of them, and one being prepared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dialogue.customers.channels.ledger import settle_waiting
from dialogue.customers.channels.mailings import open_mailing, plan_deliveries
from dialogue.customers.channels.models import Mailing, MailingState, State
from dialogue.customers.channels.texts import NAMED
from dialogue.customers.parties.models import Party
from dialogue.customers.timeline.bulk import EntryDraft, record_entries
from dialogue.demo import words
from dialogue.marketing.campaigns.actions import Cost, choose_segments, create_campaign, set_costs, write_content
from dialogue.marketing.campaigns.freezing import freeze_people, wanted_sql
from dialogue.marketing.campaigns.launching import letters_sql
from dialogue.marketing.campaigns.letters import CAUSE
from dialogue.marketing.campaigns.models import Campaign, CampaignSegment, CampaignState, Decision, Person, Run
from dialogue.marketing.campaigns.reference import chosen_for, reference_of
from dialogue.marketing.campaigns.rules import is_held_out
from dialogue.marketing.campaigns.vouchers import codes_of, issue_for
from dialogue.marketing.policy.keeping import policy_of
from dialogue.marketing.segments.models import Segment
from dialogue.selling.deals.batches import create_deals
from dialogue.selling.deals.drafts import NewDeal
from dialogue.selling.deals.models import Stage
from dialogue.selling.promotions.actions import SeriesDraft, create_series
from dialogue.selling.promotions.models import Coupon
from dialogue.selling.purchases.actions import PurchaseDraft, record_purchases

if TYPE_CHECKING:
    from dialogue.demo.loading import Demo

LAUNCHED, LASTED = timedelta(days=52), timedelta(days=30)
HELD_OUT = 20
# How long ago the earlier ones were launched, every which of those reached bought, and what each cost; the oldest first.
EARLIER = ((timedelta(days=305), 5, 9_800), (timedelta(days=215), 4, 11_200), (timedelta(days=125), 6, 8_400))


def make_campaigns(demo: Demo) -> None:
    """Make them, in the order in which they were launched: each is compared with those before it."""
    segments = {one.name: one for one in Segment.objects.all()}
    names = demo.say(words.SEGMENTS)
    for number in range(len(EARLIER)):
        _earlier(demo, segments[names[3]], number)
    _past(demo, segments[names[3]], segments[names[1]])
    _draft(demo, segments[names[0]])


def _blocks(subject: str, text: str) -> list[dict[str, str]]:
    """Return a letter as blocks: its subject as heading, its text, its last line's link as a button, its coupon."""
    body, _gap, last = text.rpartition("\n\n")
    link = NAMED.fullmatch(last)
    button = [{"kind": "button", "text": link[1], "link": link[2]}] if link else []
    return [{"kind": "heading", "text": subject}, {"kind": "text", "text": body}, {"kind": "coupon"}, *button]


def _write(demo: Demo, row: Campaign, texts: dict[str, tuple[str, str]], *, built: bool = False) -> None:
    for language in ("", *(code for code in texts if code != demo.language)):
        subject, body = texts[language or demo.language]
        blocks = _blocks(subject, body) if built else []
        write_content(row, by=demo.by, subject=subject, body=body, blocks=blocks, language=language)


def _earlier(demo: Demo, everybody: Segment, number: int) -> None:
    """Make one of the campaigns that went before: a letter of a few lines, its answers and purchases."""
    ago, each, spent = EARLIER[number]
    name, goal, subject, body = demo.say(words.CAMPAIGNS_EARLIER)[number]
    at = demo.company.start_of((demo.now - ago).date()) + timedelta(hours=9, minutes=30)
    row = create_campaign(
        name,
        by=demo.by,
        goal=goal,
        starts_on=at.date(),
        ends_on=(at + LASTED).date(),
        responsible=demo.members[0] if demo.members else None,
        plan_people=35,
        plan_responses=10,
        plan_cost=Decimal(spent),
        hold_out=HELD_OUT,
    )
    choose_segments(row, [everybody.code], by=demo.by)
    write_content(row, by=demo.by, subject=subject, body=body)
    set_costs(row, [Cost(demo.say(words.COSTS)[0], Decimal(spent), Decimal(spent + 300 * number), at.date())], by=demo.by)
    run = _launched(demo, row, at)
    _answers(demo, row, run, at, shift=1 + 2 * number)
    _purchases(demo, _reached(run, Decision.INCLUDED)[number::each], at, f"DEMO-E{number}")
    Campaign.objects.filter(pk=row.pk).update(state=CampaignState.DONE, launched_at=at, finished_at=at + LASTED)


def _past(demo: Demo, everybody: Segment, busy: Segment) -> None:
    at = demo.company.start_of((demo.now - LAUNCHED).date()) + timedelta(hours=10, minutes=5)
    series = SeriesDraft(
        demo.say(words.COUPON_NAME),
        offer=demo.say(words.COUPON_OFFER),
        prefix="AUT",
        starts_on=at.date(),
        ends_on=(at + LASTED).date(),
    )
    row = create_campaign(
        demo.say(words.CAMPAIGN_PAST),
        by=demo.by,
        goal=demo.say(words.CAMPAIGN_PAST_GOAL),
        starts_on=at.date(),
        ends_on=(at + LASTED).date(),
        responsible=demo.members[0] if demo.members else None,
        plan_people=30,
        plan_responses=12,
        plan_deals=3,
        plan_revenue=Decimal(200_000),
        plan_cost=Decimal(13_500),
        hold_out=HELD_OUT,
        coupons=create_series(series, by=demo.by).pk,
    )
    choose_segments(row, [everybody.code], [busy.code], by=demo.by)
    texts = {
        code: (subject, body.replace("\n\n[", f"\n\n{words.COUPON_LINE[code]}\n\n[", 1))
        for code, (subject, body) in words.LETTER_PAST.items()
    }
    _write(demo, row, texts)
    label_one, label_two = demo.say(words.COSTS)
    costs = [
        Cost(label_one, Decimal(12_000), Decimal(13_400), at.date()),
        Cost(label_two, Decimal(1_500), Decimal(1_200), at.date()),
    ]
    set_costs(row, costs, by=demo.by)
    run = _launched(demo, row, at)
    issue_for(row, run, by=demo.by)
    Coupon.objects.filter(series=row.coupons).update(at=at)
    _answers(demo, row, run, at)
    buyers = _reached(run, Decision.INCLUDED)[::3] + _reached(run, Decision.HELD_OUT)[4:5]
    _purchases(demo, buyers, at, "DEMO-C", codes_of(row.coupons, _reached(run, Decision.INCLUDED)[::6]))
    _deals(demo, row, run, at)
    Campaign.objects.filter(pk=row.pk).update(state=CampaignState.DONE, launched_at=at, finished_at=at + LASTED)


def _launched(demo: Demo, row: Campaign, at: datetime) -> Run:
    """Freeze the people as of then, and note their letters as gone: they stay in this installation, as all of this company's."""
    policy = dict(policy_of(demo.company).__dict__)
    reference = reference_of(chosen_for(row, demo.by)).kept()
    run = Run.objects.create(
        campaign=row, seed=_seed(row), frozen_at=at, policy=policy, reference=reference, by_label=demo.by.label
    )
    freeze_people(row, run)
    for one in CampaignSegment.objects.filter(campaign=row).select_related("segment"):
        if one.segment is not None:
            one.version, one.size = one.segment.version, one.segment.size
            one.save(update_fields=["version", "size"])
    mailing = open_mailing(CAUSE, run.pk, title=row.name, source=row.source, by=demo.by, canary=0)
    plan_deliveries(mailing, letters_sql(row, run, demo.company), by=demo.by)
    settle_waiting(mailing, at, state=State.ACCEPTED, code=250, attempts=1, stayed=True)
    Mailing.objects.filter(pk=mailing.pk).update(state=MailingState.DONE, started_at=at, ended_at=at)
    run.mailing = mailing.pk
    run.save(update_fields=["mailing"])
    return run


def _seed(row: Campaign) -> str:
    """Return a seed that splits these few people near the share held out: chance could hold out half of them, or hardly one."""
    sql, values = wanted_sql(row)
    people = [one.pk for one in Party.objects.raw(f"SELECT id FROM ({sql}) w (id)", values)]
    tried = (f"demonstration {number}" for number in range(100))
    wanted = round(len(people) * HELD_OUT / 100)
    return min(tried, key=lambda seed: abs(sum(is_held_out(seed, one, HELD_OUT) for one in people) - wanted))


def _reached(run: Run, decision: int) -> list[int]:
    rows = Person.objects.filter(run_id=run.pk, decision=decision).order_by("party_id")
    return list(rows.values_list("party_id", flat=True))


def _answers(demo: Demo, row: Campaign, run: Run, at: datetime, *, shift: int = 0) -> None:
    people = _reached(run, Decision.INCLUDED)
    common: dict[str, Any] = {"way": "email", "source": row.source}
    touches = [EntryDraft(one, "letter", at, ref_kind="mailing", ref_id=run.mailing, **common) for one in people]
    ids = record_entries(touches, by=demo.by)
    answers: list[EntryDraft] = []
    for number, (one, touch) in enumerate(zip(people, ids, strict=True), start=shift):
        after = at + timedelta(hours=1 + number % 9, minutes=7 * number)
        if number % 5 in {0, 2}:
            answers.append(EntryDraft(one, "link_followed", after, touch=touch, **common))
        if number % 6 == 2:
            text = demo.chance.choice(demo.say(words.ANSWERS))
            answers.append(EntryDraft(one, "reply", after + timedelta(hours=3), body=text, touch=touch, **common))
        if number % 17 == 11:
            answers.append(EntryDraft(one, "unsubscribed", after, touch=touch, **common))
    record_entries(answers, by=demo.by)


def _purchases(demo: Demo, buyers: list[int], at: datetime, numbered: str, codes: Mapping[int, str] | None = None) -> None:
    drafts = [
        PurchaseDraft(
            at=at + timedelta(days=2 + 3 * number % 24, hours=number % 7),
            currency=demo.company.currency,
            party=one,
            external_id=f"{numbered}{number:02d}",
            coupon=(codes or {}).get(one, ""),
            lines=[demo.goods[number % len(demo.goods)].line(1)],
        )
        for number, one in enumerate(buyers)
    ]
    record_purchases(drafts, by=demo.by)


def _deals(demo: Demo, row: Campaign, run: Run, at: datetime) -> None:
    stages = list(Stage.objects.order_by("pipeline__position", "position").values_list("pk", flat=True)[:4])
    people = _reached(run, Decision.INCLUDED)[2::9]
    drafts = [
        NewDeal(
            title=title,
            stage=stages[1 + 2 * number],
            contact=person,
            budget=Decimal(60_000 + 25_000 * number),
            currency=demo.company.currency,
            responsible=demo.members[0] if demo.members else None,
            expected_on=(demo.now + timedelta(days=12 + 9 * number)).date(),
            source=row.source,
            created_at=at + timedelta(days=4 + 5 * number),
        )
        for number, (title, person) in enumerate(zip(demo.say(words.CAMPAIGN_DEALS), people, strict=False))
    ]
    create_deals(drafts, by=demo.by)


def _draft(demo: Demo, buyers: Segment) -> None:
    today = demo.company.today()
    name, offer = demo.say(words.COUPON_NEXT)
    row = create_campaign(
        demo.say(words.CAMPAIGN_DRAFT),
        by=demo.by,
        goal=demo.say(words.CAMPAIGN_DRAFT_GOAL),
        starts_on=today + timedelta(days=14),
        ends_on=today + timedelta(days=40),
        responsible=demo.members[-1] if demo.members else None,
        plan_people=20,
        plan_responses=8,
        plan_revenue=Decimal(180_000),
        plan_cost=Decimal(6_000),
        test="subject",
        coupons=create_series(
            SeriesDraft(name, offer=offer, code="SUPPORT", ends_on=today + timedelta(days=60)), by=demo.by
        ).pk,
    )
    choose_segments(row, [buyers.code], by=demo.by)
    _write(demo, row, words.LETTER_DRAFT, built=True)
    write_content(row, by=demo.by, subject=demo.say(words.SUBJECT_DRAFT), body="", arm="b")
    set_costs(row, [Cost(demo.say(words.COSTS)[0], Decimal(6_000))], by=demo.by)
