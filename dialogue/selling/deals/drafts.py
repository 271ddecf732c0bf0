"""A deal before it is written: what a form, the API or an import gives, cleaned against the company's ground."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from django.utils.translation import gettext as _

from dialogue.customers.parties.rules import one_line
from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.kit.frozen import record
from dialogue.kit.money import STORED_PLACES, round_half_up
from dialogue.platform.criteria.models import Characterised, Characteristic
from dialogue.platform.rates.converting import Converted, convert
from dialogue.platform.rates.errors import RateMissing
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.deals.losses import NO_WHY, Why, matched, reasons_in_use
from dialogue.selling.deals.models import DealRole, Stage, StageClass

ENTITY = "deal"
LONGEST_TITLE = 200
CURRENCY = re.compile(r"^[A-Z]{3}$")
MOST_MONEY = Decimal(10) ** 15


@record
class NewContact:
    """A party of a deal as given."""

    party: int
    role: str = ""


@record
class NewDeal:
    """A deal as given; rows are named by id. Without a stage it begins at the first one of the first pipeline."""

    title: str = ""
    stage: int | None = None
    pipeline: int | None = None
    company: int | None = None
    contact: int | None = None
    contacts: list[NewContact] = field(default_factory=list)
    budget: Decimal | None = None
    currency: str = ""
    responsible: int | None = None
    expected_on: date | None = None
    lost_reason: str = ""
    loss: int | None = None
    external_id: str = ""
    source: int | None = None
    created_at: datetime | None = None
    tags: list[int] = field(default_factory=list)
    characteristics: Mapping[str, Any] = field(default_factory=dict)


@record
class Ground:
    """What drafts are cleaned against, read once for any number of them."""

    stages: dict[int, Stage]
    first: Stage | None
    firsts: dict[int, Stage]
    currency: str
    today: date
    definitions: list[Characteristic]
    losses: dict[int, str] = field(default_factory=dict)
    _rates: dict[str, Converted | None] = field(default_factory=dict)

    def rate(self, currency: str) -> Converted | None:
        """Return one unit in the company's currency today, None where nobody set a rate; a foreign currency costs a query."""
        if currency not in self._rates:
            try:
                self._rates[currency] = convert(Decimal(1), currency, self.currency, self.today)
            except RateMissing:
                self._rates[currency] = None
        return self._rates[currency]


def ground_of(by: Actor) -> Ground:
    """Return the actor's company as drafts need it, by four queries."""
    tenant = Tenant.objects.get(pk=by.tenant)
    stages = list(Stage.objects.in_use().select_related("pipeline"))
    firsts: dict[int, Stage] = {}
    for stage in stages:
        if stage.stage_class == StageClass.OPEN:
            firsts.setdefault(stage.pipeline_id, stage)
    return Ground(
        stages={stage.pk: stage for stage in stages},
        first=next(iter(firsts.values()), None),
        firsts=firsts,
        currency=tenant.currency,
        today=tenant.today(),
        definitions=list(Characteristic.objects.of(ENTITY)),
        losses=reasons_in_use(),
    )


@record
class Budget:
    """A budget as kept: the amount as given and in the company's currency with the dated rate."""

    amount: Decimal | None
    currency: str
    base_amount: Decimal | None = None
    base_currency: str = ""
    rate: Decimal | None = None
    rate_on: date | None = None


class Slots:
    """Characteristics and their slot columns, cleaned without a model instance: an import makes a hundred thousand."""

    def __init__(self) -> None:
        self.characteristics: dict[str, Any] = {}


@record
class ReadyDeal:
    """A checked deal, ready to be written."""

    title: str
    stage: Stage
    budget: Budget
    given: NewDeal
    slots: Slots | None
    contacts: list[NewContact]
    why: Why = NO_WHY


def ready(draft: NewDeal, ground: Ground) -> ReadyDeal:
    """Return the draft checked. Reads nothing, but the rates once: an import calls it row by row to learn of refusals.

    Raises:
        InvalidInput: names every wrong field with its remedy.
    """
    errors: dict[str, str] = {}
    title = one_line(draft.title)
    if not title:
        errors["title"] = _("Give the deal a name.")
    elif len(title) > LONGEST_TITLE:
        errors["title"] = _("The deal's name must be at most 200 characters long.")
    if len(draft.external_id) > 80:
        errors["external_id"] = _("The own number must be at most 80 characters long.")
    stage = _stage(draft, ground, errors)
    budget = Budget(None, ground.currency)
    try:
        budget = clean_budget(draft.budget, draft.currency, ground)
    except Refusal as refusal:
        errors[refusal.field] = refusal.message
    slots = None
    if draft.characteristics:
        slots = Slots()
        try:
            Characterised.set_characteristics(cast("Characterised", slots), ground.definitions, draft.characteristics)
        except Refusal as refusal:
            errors[refusal.field] = refusal.message
    why = NO_WHY
    if stage is not None and stage.stage_class == StageClass.LOST:
        try:
            why = matched(draft.lost_reason, draft.loss, ground.losses)
        except Refusal as refusal:
            errors[refusal.field] = refusal.message
    if errors or stage is None:
        raise InvalidInput(errors)
    return ReadyDeal(title, stage, budget, draft, slots, clean_contacts(draft), why)


def _stage(draft: NewDeal, ground: Ground, errors: dict[str, str]) -> Stage | None:
    if draft.stage is not None:
        found = ground.stages.get(draft.stage)
    elif draft.pipeline is not None:
        found = ground.firsts.get(draft.pipeline)
    else:
        found = ground.first
    if found is None:
        errors["stage"] = _("Choose a stage of one of the company's pipelines.")
    return found


def clean_budget(amount: Decimal | None, currency: str, ground: Ground) -> Budget:
    """Return the budget with its value in the company's currency.

    Raises:
        Refusal: no such currency, or an amount that cannot be kept.
    """
    currency = (currency or ground.currency).strip().upper()
    if not CURRENCY.match(currency):
        raise Refusal(_("Give the three-letter code of a currency, for example EUR."), field="currency")
    if amount is None:
        return Budget(None, currency)
    if not amount.is_finite() or abs(amount) >= MOST_MONEY:
        raise Refusal(_("Give the budget as a number, for example 1520000."), field="budget")
    if amount < 0:
        raise Refusal(_("The budget must not be negative."), field="budget")
    unit = ground.rate(currency)
    if unit is None:
        return Budget(amount, currency)
    return Budget(amount, currency, round_half_up(amount * unit.rate, STORED_PLACES), unit.currency, unit.rate, unit.on)


def clean_contacts(draft: NewDeal) -> list[NewContact]:
    """Return each party of the deal once, the main contact among them; an unknown role is dropped to none."""
    found: dict[int, NewContact] = {}
    given = [*([NewContact(draft.contact)] if draft.contact else []), *draft.contacts]
    for contact in given:
        role = contact.role if contact.role in DealRole.values else ""
        known = found.get(contact.party)
        if known is None or (role and not known.role):
            found[contact.party] = NewContact(contact.party, role)
    return list(found.values())
