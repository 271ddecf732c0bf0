"""Loading the demonstration company, part by part: a part that a kill cut short is made again, a finished one is left."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils import timezone

from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.details import record_consent, tags_named
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.parties.models import Party
from dialogue.customers.tasks.actions import create_task
from dialogue.customers.tasks.models import Task
from dialogue.customers.timeline.bulk import EntryDraft, record_entries
from dialogue.customers.timeline.models import Entry
from dialogue.demo import words
from dialogue.demo.campaigns import make_campaigns
from dialogue.kit.actors import Actor, system_actor
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.policy.actions import change_policy
from dialogue.marketing.segments.actions import create_segment
from dialogue.marketing.segments.models import Segment
from dialogue.marketing.segments.rebuilding import measure_segment
from dialogue.platform.accounts.models import Membership
from dialogue.platform.criteria.actions import define_characteristic
from dialogue.platform.criteria.models import Characteristic
from dialogue.platform.jobs.kinds import JobRun
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.catalog.actions import ensure_products
from dialogue.selling.deals.batches import create_deals
from dialogue.selling.deals.drafts import NewDeal
from dialogue.selling.deals.models import Deal, Stage
from dialogue.selling.purchases.actions import LineDraft, PurchaseDraft, record_purchases
from dialogue.selling.purchases.models import Purchase

FIRM_NUMBER, PERSON_NUMBER, DEAL_NUMBER = "DEMO-F{:02d}", "DEMO-P{:02d}", "DEMO-D{:02d}"
SEED = 20_26
SEGMENTS: tuple[dict[str, Any], ...] = (
    {"all": [{"has": "purchase", "where": [{"field": "at", "within": "365d"}, {"field": "is_return", "is": False}]}]},
    {
        "all": [
            {"has": "deal", "where": [{"field": "stage.class", "is": "open"}]},
            {"lacks": "touch", "where": [{"field": "at", "within": "14d"}]},
        ]
    },
    {"all": [{"has": "response"}, {"lacks": "purchase"}]},
    {"field": "kind", "is": "person"},
)
FRIDAY = 5


@frozen
class Good:
    """A product: its id, its name, what one of it costs."""

    pk: int
    name: str
    price: Decimal

    def line(self, quantity: int) -> LineDraft:
        """Return the line of a purchase of so many."""
        return LineDraft(product=self.pk, name=self.name, quantity=Decimal(quantity), price=self.price)


class Demo:
    """One loading: the company, its language, its people, one fixed chance."""

    def __init__(self) -> None:
        self.company = Tenant.objects.get(pk=current_tenant())
        self.language = self.company.language if self.company.language in words.DEALS else "en"
        self.by: Actor = system_actor(self.company.pk)
        self.chance = random.Random(SEED)  # noqa: S311  the same company every time, nothing secret
        self.members = list(Membership.objects.filter(is_active=True).order_by("pk").values_list("user_id", flat=True))
        self.now = timezone.now()

    @cached_property
    def goods(self) -> list[Good]:
        """What the company sells."""
        named = dict(zip(words.GOOD_CODES, self.say(words.GOODS), strict=True))
        known = ensure_products({code: (name, self.say(words.GOODS_CATEGORY)) for code, name in named.items()}, by=self.by)
        return [
            Good(known[code], name, Decimal(price)) for (code, name), price in zip(named.items(), words.PRICES, strict=True)
        ]

    def say(self, table: dict[str, Any]) -> Any:
        """Return the table's entry in the company's language."""
        return table[self.language]

    def ago(self, most_days: int) -> datetime:
        """Return a moment of the company's working hours within the last days."""
        day = self.company.today() - timedelta(days=self.chance.randrange(1, most_days))
        while day.isoweekday() > FRIDAY:
            day -= timedelta(days=1)
        return self.company.start_of(day) + timedelta(minutes=self.chance.randrange(9 * 60, 18 * 60))


def load(run: JobRun) -> dict[str, Any]:
    """Fill the open company; return how much of what there is now."""
    with transaction.atomic():
        demo = Demo()
    for number, (_name, there, make) in enumerate(PARTS):
        run.advance(number, len(PARTS))
        with transaction.atomic():
            if not there():
                make(demo)
    run.advance(len(PARTS), len(PARTS))
    with transaction.atomic():
        return {"customers": Party.objects.count(), "deals": Deal.objects.count(), "entries": Entry.objects.count()}


def make_fields(demo: Demo) -> None:
    """Define what this company wants to know of its customers; nothing leaves this machine, so no hour is too late for a letter."""
    change_policy(start=0, end=24, by=demo.by)
    lines = [{"code": f"line{number}", "label": label} for number, label in enumerate(demo.say(words.LINES))]
    define = [
        (words.FIELD_LINE, "line", "choice", lines),
        (words.FIELD_STAFF, "staff", "number", None),
        (words.FIELD_TURNOVER, "turnover", "money", None),
    ]
    for table, code, kind, choices in define:
        define_characteristic(
            "party",
            label=demo.say(table),
            code=code,
            kind=kind,
            choices=choices,
            filterable=True,
            applies_to="company",
            by=demo.by,
        )


def make_firms(demo: Demo) -> None:
    """Create the companies."""
    tags = list(tags_named(demo.say(words.TAGS)).values())
    drafts = []
    for number, (name, town, country, line) in enumerate(words.FIRMS):
        turnover = str(1000 * demo.chance.randrange(200, 90_000))
        drafts.append(
            NewParty(
                kind="company",
                name=name,
                external_id=FIRM_NUMBER.format(number),
                phase=("acquire", "develop", "keep", "keep", "end")[number % 5],
                responsible=demo.chance.choice(demo.members) if demo.members else None,
                contacts=[Contact("email", f"office{number}@example.org"), Contact("phone", f"+37322{600_000 + 131 * number}")],
                address={"city": town, "country": country},
                tags=demo.chance.sample(tags, number % 3),
                characteristics={
                    "line": f"line{line}",
                    "staff": str(demo.chance.randrange(3, 900)),
                    "turnover": {"amount": turnover, "currency": demo.company.currency},
                },
            )
        )
    create_parties(drafts, by=demo.by)


def make_people(demo: Demo) -> None:
    """Create the people, two of three at a company, with what they decide there and what they allow."""
    tags = list(tags_named(demo.say(words.TAGS)).values())
    firms = list(
        Party.objects.companies().filter(external_id__startswith="DEMO-F").order_by("external_id").values_list("pk", flat=True)
    )
    positions, drafts = demo.say(words.POSITIONS), []
    for number, (first, last, sex) in enumerate(words.PEOPLE):
        at_work = number % 3 != 2
        drafts.append(
            NewParty(
                first_name=first,
                last_name=last,
                sex=sex,
                external_id=PERSON_NUMBER.format(number),
                company=firms[number % len(firms)] if at_work else None,
                position=positions[number % len(positions)] if at_work else "",
                decision=("decides", "influences", "uses", "pays", "")[number % 5] if at_work else "",
                phase=("acquire", "develop", "keep")[number % 3],
                responsible=demo.chance.choice(demo.members) if demo.members else None,
                contacts=[
                    Contact("email", f"person{number}@example.org"),
                    Contact("phone", f"+37369{100_000 + 7919 * number % 900_000}"),
                ],
                address={"city": words.TOWNS[number % len(words.TOWNS)]},
                tags=demo.chance.sample(tags, number % 3),
            )
        )
    ids = create_parties(drafts, by=demo.by)
    for number, party in enumerate(Party.objects.filter(pk__in=ids).order_by("pk")):
        state = "withdrawn" if number % 11 == 7 else "given"
        record_consent(party, channel="email", state=state, by=demo.by, source="example.org")


def make_deals(demo: Demo) -> None:
    """Create the deals: most of them open, over all stages."""
    stages = list(Stage.objects.order_by("pipeline__position", "position").values_list("pk", flat=True)[:6])
    people = list(
        Party.objects.people().filter(external_id__startswith="DEMO-P").order_by("external_id").values_list("pk", "company_id")
    )
    drafts = []
    for number, (title, budget) in enumerate(zip(demo.say(words.DEALS), words.BUDGETS, strict=True)):
        person, firm = people[number * 2 % len(people)]
        drafts.append(
            NewDeal(
                title=title,
                stage=stages[(0, 0, 1, 0, 1, 2, 3, 1, 0, 3, 4, 0, 2, 4, 5, 1)[number % 16]],
                contact=person,
                company=firm,
                budget=Decimal(budget),
                currency=demo.company.currency,
                responsible=demo.chance.choice(demo.members) if demo.members else None,
                expected_on=(demo.now + timedelta(days=demo.chance.randrange(3, 90))).date(),
                external_id=DEAL_NUMBER.format(number),
                created_at=demo.ago(80),
            )
        )
    create_deals(drafts, by=demo.by)


def make_dialogue(demo: Demo) -> None:
    """Record what was said to each person, and what came back under it."""
    people = list(
        Party.objects.people().filter(external_id__startswith="DEMO-P").order_by("external_id").values_list("pk", flat=True)
    )
    touches: list[EntryDraft] = []
    for person in people:
        touches.extend(
            EntryDraft(person, "letter", demo.ago(70), way="email", subject=demo.chance.choice(demo.say(words.LETTERS)))
            for _turn in range(demo.chance.randrange(1, 4))
        )
        if demo.chance.random() < 0.5:
            touches.append(EntryDraft(person, "call", demo.ago(30), way="call", body=demo.chance.choice(demo.say(words.CALLS))))
    ids = record_entries(touches, by=demo.by)
    answers: list[EntryDraft] = []
    for touch, pk in zip(touches, ids, strict=True):
        after = touch.at + (demo.now - touch.at) * demo.chance.uniform(0.05, 0.6)
        chance = demo.chance.random()
        if touch.kind == "letter" and chance < 0.35:
            answers.append(EntryDraft(touch.party, "link_followed", after, way="email", subject=touch.subject, touch=pk))
        elif touch.kind == "letter" and chance < 0.6:
            answers.append(
                EntryDraft(touch.party, "reply", after, way="email", body=demo.chance.choice(demo.say(words.ANSWERS)), touch=pk)
            )
    answers.extend(
        EntryDraft(person, "note", demo.ago(40), body=demo.chance.choice(demo.say(words.NOTES))) for person in people[::4]
    )
    record_entries(answers, by=demo.by)


def make_tasks(demo: Demo) -> None:
    """Set next steps: some late, some for today, some to come; a few deals stay without one."""
    deals = list(
        Deal.objects.filter(stage_class="open").order_by("external_id").values_list("pk", "contact_id", "responsible_id")
    )
    titles = demo.say(words.TASKS)
    today = demo.company.today()
    for number, (deal, person, responsible) in enumerate(deals):
        if number % 4 == 3:
            continue
        create_task(
            titles[number % len(titles)],
            by=demo.by,
            due_on=today + timedelta(days=(0, 3, -2, 1, 0, 9)[number % 6]),
            responsible=responsible,
            party=person,
            subject=("deal", deal),
        )


def make_purchases(demo: Demo) -> None:
    """Record what some customers bought, and one return."""
    people = list(
        Party.objects.people().filter(external_id__startswith="DEMO-P").order_by("external_id").values_list("pk", flat=True)
    )
    drafts = []
    for number, person in enumerate(people[::2]):
        line = demo.chance.choice(demo.goods).line(1 + number % 3)
        drafts.append(
            PurchaseDraft(
                at=demo.ago(300), currency=demo.company.currency, party=person, external_id=f"DEMO-{number:03d}", lines=[line]
            )
        )
    record_purchases(drafts, by=demo.by)


def make_segments(demo: Demo) -> None:
    """Keep a few rules whom to speak to."""
    for name, tree in zip(demo.say(words.SEGMENTS), SEGMENTS, strict=True):
        measure_segment(create_segment(name, tree, by=demo.by), by=demo.by)


PARTS: tuple[tuple[str, Callable[[], bool], Callable[[Demo], None]], ...] = (
    ("fields", lambda: Characteristic.objects.filter(entity="party", code="line").exists(), make_fields),
    ("firms", lambda: Party.objects.filter(external_id=FIRM_NUMBER.format(0)).exists(), make_firms),
    ("people", lambda: Party.objects.filter(external_id=PERSON_NUMBER.format(0)).exists(), make_people),
    ("deals", lambda: Deal.objects.filter(external_id=DEAL_NUMBER.format(0)).exists(), make_deals),
    ("tasks", Task.objects.exists, make_tasks),
    ("purchases", lambda: Purchase.objects.filter(external_id="DEMO-000").exists(), make_purchases),
    ("dialogue", lambda: Entry.objects.filter(kind="letter").exists(), make_dialogue),
    ("segments", Segment.with_bin.exists, make_segments),
    ("campaigns", Campaign.with_bin.exists, make_campaigns),
)
