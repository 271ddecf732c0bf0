"""What deals do when a lower room speaks."""

from __future__ import annotations

from django.db.models import OuterRef, Q, Subquery

from dialogue.customers.parties.signals import PartyFact, party_changed
from dialogue.customers.tasks.models import Task
from dialogue.customers.tasks.signals import TasksFact, tasks_changed
from dialogue.platform.accounts.actions import company_created
from dialogue.platform.imports.signals import Undone, records_undone
from dialogue.platform.rates.actions import rates_set
from dialogue.platform.search.indexing import forget_records, index_fresh, index_records
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.deals.converting import fill_base_amounts
from dialogue.selling.deals.dialogue import tell_begun, tell_moved
from dialogue.selling.deals.drafts import ENTITY
from dialogue.selling.deals.losses import make_first_reasons
from dialogue.selling.deals.models import Deal
from dialogue.selling.deals.pipelines import make_first_pipeline
from dialogue.selling.deals.signals import (
    DealFact,
    DealsFact,
    StageFact,
    StagesFact,
    deal_changed,
    deal_created,
    deal_moved,
    deals_created,
    deals_moved,
)

# What search finds a deal by; other changes do not touch its row.
FOUND_BY = {"title", "external_id", "company_id", "contact_id", "characteristics"}


@company_created.listen
def give_first_pipeline(company: Tenant) -> None:
    """A new company begins with one pipeline and the usual reasons of losing, in its own language."""
    make_first_pipeline()
    make_first_reasons()


@rates_set.listen
def convert_waiting_budgets(count: int) -> None:
    """A first rate of a currency values the deals that waited for one."""
    fill_base_amounts()


@deal_created.listen
def find_new(fact: DealFact) -> None:
    """Let search find a new deal."""
    index_records(ENTITY, [fact.deal.pk])


@deal_changed.listen
def find_changed(fact: DealFact) -> None:
    """Let search find a deal by its new name, parties or characteristics."""
    if FOUND_BY & set(fact.changes):
        index_records(ENTITY, [fact.deal.pk])


@deals_created.listen
def find_many_new(fact: DealsFact) -> None:
    """Let search find many new deals."""
    index_fresh(ENTITY, fact.ids)


@party_changed.listen
def find_by_new_name(fact: PartyFact) -> None:
    """Let search find deals by the new name of their customer."""
    if "name" in fact.changes:
        rows = Deal.objects.filter(Q(company=fact.party) | Q(contact=fact.party))
        index_records(ENTITY, list(rows.values_list("pk", flat=True)))


@records_undone.listen
def follow_undo(fact: Undone) -> None:
    """Let search forget deals whose import was undone, and find the others as they were."""
    if fact.model == Deal._meta.label_lower:
        forget_records(ENTITY, fact.removed)
        index_records(ENTITY, fact.restored)


@tasks_changed.listen
def keep_next_step(fact: TasksFact) -> None:
    """A deal's next step is the day of its nearest open task."""
    ids = [number for kind, number in fact.subjects if kind == ENTITY]
    nearest = Task.objects.open().filter(subject_kind=ENTITY, subject_id=OuterRef("pk")).order_by("due_on")
    Deal.objects.filter(pk__in=ids).update(next_step_on=Subquery(nearest.values("due_on")[:1]))


@deal_created.listen
def tell_of_new(fact: DealFact) -> None:
    """The customer's timeline shows that a deal began."""
    tell_begun([fact.deal.pk], by=fact.by)


@deals_created.listen
def tell_of_many_new(fact: DealsFact) -> None:
    """The timelines of many customers show that their deals began."""
    tell_begun(fact.ids, by=fact.by)


@deal_moved.listen
def tell_of_stage(fact: StageFact) -> None:
    """The customer's timeline shows to which stage a deal came."""
    tell_moved({fact.deal.pk: fact.before.pk}, fact.after, by=fact.by)


@deals_moved.listen
def tell_of_many_stages(fact: StagesFact) -> None:
    """The timelines of many customers show to which stage their deals came."""
    tell_moved(fact.before, fact.after, by=fact.by)
