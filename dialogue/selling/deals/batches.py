"""Verbs over many deals at once: set statements, one audit entry, one plural signal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Tag
from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.platform.accounts.models import Membership
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.criteria.models import SLOTS
from dialogue.platform.embedded.writing import reserve_ids, write_rows, written_together
from dialogue.selling.deals.actions import top_of
from dialogue.selling.deals.drafts import ENTITY, NewDeal, ReadyDeal, ground_of, ready
from dialogue.selling.deals.losses import NO_WHY, Why, why_lost
from dialogue.selling.deals.models import RANK_GAP, Deal, DealContact, DealTag, Stage, StageChange, StageClass
from dialogue.selling.deals.permissions import DealPermission
from dialogue.selling.deals.signals import (
    DealsFact,
    StagesFact,
    deals_binned,
    deals_changed,
    deals_created,
    deals_moved,
    deals_restored,
)

COLUMNS = (
    "id", "created_at", "title", "pipeline", "stage", "stage_class", "stage_since", "closed_at",
    "loss", "lost_reason", "company", "contact", "budget", "currency", "base_amount", "base_currency", "rate", "rate_on",
    "responsible", "expected_on", "external_id", "rank", "source",
)  # fmt: skip
OWN_FIELDS = ("characteristics", *SLOTS)


@action(permission=DealPermission.WRITE)
def create_deals(drafts: list[NewDeal], *, by: Actor) -> list[int]:
    """Create many deals by set statements; return their ids in the order of the drafts.

    Parties, tags and members are trusted to be the company's (the fenced keys refuse others at commit).

    Raises:
        InvalidInput: names the wrong fields as `rows.N.field`; nothing is written.
    """
    ground = ground_of(by)
    checked: list[ReadyDeal] = []
    errors: dict[str, str] = {}
    for number, draft in enumerate(drafts):
        try:
            checked.append(ready(draft, ground))
        except InvalidInput as refusal:
            errors |= {f"rows.{number}.{field}": words for field, words in refusal.errors.items()}
    if errors:
        raise InvalidInput(errors)
    return write_deals(checked, by)


def write_deals(checked: list[ReadyDeal], by: Actor) -> list[int]:
    """Write checked deals by set statements; return their ids in order. The caller holds the permission and the transaction."""
    if not checked:
        return []
    now = timezone.now()
    ids = reserve_ids(Deal, len(checked))
    rows: Iterable[tuple[Any, ...]] = _deal_rows(checked, ids, _first_ranks(checked), now)
    same: dict[str, Any] = {"tenant_id": by.tenant, "updated_at": now, "created_by": by.user}
    told = {"tenant_id": by.tenant, "reason": "", "by": by.user, "by_label": by.label[:150]}
    links = [
        (by.tenant, now, now, pk, contact.party, contact.role)
        for pk, one in zip(ids, checked, strict=True)
        for contact in one.contacts
    ]
    tags = [(by.tenant, pk, tag) for pk, one in zip(ids, checked, strict=True) for tag in dict.fromkeys(one.given.tags)]
    with written_together():
        if any(one.slots is not None for one in checked):
            rows = ((*row, *_own_fields(one)) for row, one in zip(rows, checked, strict=True))
            write_rows(Deal, (*COLUMNS, *OWN_FIELDS), rows, same)
        else:
            write_rows(Deal, COLUMNS, rows, {**same, "characteristics": {}})
        write_rows(StageChange, STAGE_COLUMNS, _stage_rows(checked, ids, now), told)
        write_rows(DealContact, ("tenant_id", "created_at", "updated_at", "deal", "party", "role"), links)
        write_rows(DealTag, ("tenant_id", "deal", "tag"), tags)
    record(by, "deal.many_created", kind=Deal._meta.label_lower, count=len(ids))
    deals_created.tell(DealsFact(ids, by))
    return ids


STAGE_COLUMNS = ("deal", "stage", "at", "amount", "currency")


def _first_ranks(checked: list[ReadyDeal]) -> dict[int, int]:
    """Return the first rank by stage: the first of a file stands on top of its column, above the cards that were there."""
    waiting = Counter(one.stage.pk for one in checked)
    return {stage: top_of(stage) - (count - 1) * RANK_GAP for stage, count in waiting.items()}


def _deal_rows(checked: list[ReadyDeal], ids: list[int], ranks: dict[int, int], now: datetime) -> Iterator[tuple[Any, ...]]:
    for pk, one in zip(ids, checked, strict=True):
        given, stage, budget = one.given, one.stage, one.budget
        created = given.created_at or now
        rank, ranks[stage.pk] = ranks[stage.pk], ranks[stage.pk] + RANK_GAP
        yield (
            pk, created, one.title, stage.pipeline_id, stage.pk, stage.stage_class, created,
            created if stage.is_final else None, one.why.loss, one.why.words,
            given.company, given.contact, budget.amount, budget.currency, budget.base_amount, budget.base_currency,
            budget.rate, budget.rate_on, given.responsible, given.expected_on, given.external_id.strip(), rank, given.source,
        )  # fmt: skip


def _own_fields(one: ReadyDeal) -> tuple[Any, ...]:
    """Return the company's own fields of a deal, as `OWN_FIELDS` names them."""
    if one.slots is None:
        return ("{}", *[None] * len(SLOTS))
    return (json.dumps(one.slots.characteristics, ensure_ascii=False), *(getattr(one.slots, name, None) for name in SLOTS))


def _stage_rows(checked: list[ReadyDeal], ids: list[int], now: datetime) -> Iterator[tuple[Any, ...]]:
    for pk, one in zip(ids, checked, strict=True):
        at = one.given.created_at or now
        yield (pk, one.stage.pk, at, one.budget.amount, one.budget.currency)


def _changed(ids: list[int], by: Actor, *fields: str) -> None:
    deals_changed.tell(DealsFact(ids, by, fields))


def _visible(ids: list[int], by: Actor) -> Any:
    return Deal.objects.visible_to(by).select_for_update(of=("self",)).filter(pk__in=ids)


@action(permission=DealPermission.ASSIGN)
def assign_deals(ids: list[int], responsible: int | None, *, by: Actor) -> dict[int, int | None]:
    """Give many deals to one member; return `{id: who had it}` of those that changed.

    Raises:
        Refusal: he is no member.
    """
    if responsible is not None and not Membership.objects.filter(user_id=responsible, is_active=True).exists():
        raise Refusal(_("Choose a member of the company."), field="responsible")
    rows = _visible(ids, by)
    before = {pk: had for pk, had in rows.values_list("pk", "responsible_id") if had != responsible}
    Deal.objects.filter(pk__in=before).update(responsible_id=responsible, updated_at=timezone.now())
    record(by, "deal.many_assigned", kind=Deal._meta.label_lower, count=len(before), responsible=responsible)
    _changed(list(before), by, "responsible")
    return before


@action(permission=DealPermission.WRITE)
def move_deals(ids: list[int], stage: int, *, by: Actor, reason: str = "", loss: int | None = None) -> dict[int, int]:
    """Put many deals into one stage; return `{id: the stage before}` of those that moved.

    Raises:
        Refusal: no such stage.
        ReasonNeeded: a stage of lost deals without a reason.
    """
    target = Stage.objects.in_use().filter(pk=stage).first()
    if target is None:
        raise Refusal(_("Choose a stage of one of the company's pipelines."), field="stage")
    before = {pk: old for pk, old in _visible(ids, by).values_list("pk", "stage_id") if old != target.pk}
    why = why_lost(reason, loss) if target.stage_class == StageClass.LOST else NO_WHY
    _put_stage(before, target, by, why)
    record(by, "deal.many_moved", kind=Deal._meta.label_lower, count=len(before), stage=target.name, reason=why.words)
    return before


@action(permission=DealPermission.WRITE)
def lose_deals(ids: list[int], *, by: Actor, reason: str = "", loss: int | None = None) -> dict[int, int]:
    """Close many open deals as lost, each in its own pipeline; return `{id: the stage before}` of those that closed.

    Raises:
        ReasonNeeded: neither a kept reason nor words.
    """
    why = why_lost(reason, loss)
    finals = {stage.pipeline_id: stage for stage in Stage.objects.in_use().filter(stage_class=StageClass.LOST).reverse()}
    closed: dict[int, dict[int, int]] = {}
    rows = _visible(ids, by).filter(stage_class=StageClass.OPEN, pipeline_id__in=list(finals))
    for pk, stage, pipeline in rows.values_list("pk", "stage_id", "pipeline_id"):
        closed.setdefault(pipeline, {})[pk] = stage
    for pipeline, before in closed.items():
        _put_stage(before, finals[pipeline], by, why)
    every = {pk: stage for before in closed.values() for pk, stage in before.items()}
    record(by, "deal.many_lost", kind=Deal._meta.label_lower, count=len(every), reason=why.words)
    return every


def _put_stage(before: dict[int, int], target: Stage, by: Actor, why: Why) -> None:
    ids = list(before)
    now = timezone.now()
    StageChange.objects.filter(deal_id__in=ids, left_at=None).update(left_at=now)
    deals = list(Deal.objects.filter(pk__in=ids).values_list("pk", "stage_id", "budget", "currency"))
    StageChange.objects.bulk_create(
        [
            StageChange(
                deal_id=pk,
                before_id=old,
                stage=target,
                at=now,
                amount=budget,
                currency=currency,
                reason=why.words,
                by=by.user,
                by_label=by.label[:150],
            )
            for pk, old, budget, currency in deals
        ]
    )
    Deal.objects.filter(pk__in=ids).update(
        stage=target,
        pipeline_id=target.pipeline_id,
        stage_class=target.stage_class,
        stage_since=now,
        closed_at=now if target.is_final else None,
        loss_id=why.loss,
        lost_reason=why.words,
        rank=top_of(target.pk) - F("id") % RANK_GAP,
        updated_at=now,
    )
    _changed(ids, by, "stage")
    deals_moved.tell(StagesFact(before, target, by))


@action(permission=DealPermission.WRITE)
def tag_deals(ids: list[int], tag: int, *, by: Actor) -> dict[int, None]:
    """Put one tag on many deals; return those that had it not.

    Raises:
        Refusal: no such tag.
    """
    if not Tag.objects.filter(pk=tag, entity=ENTITY).exists():
        raise Refusal(_("Choose a tag from the list."), field="tags")
    have = set(DealTag.objects.filter(tag_id=tag, deal_id__in=ids).values_list("deal_id", flat=True))
    fresh = [pk for pk in _visible(ids, by).values_list("pk", flat=True) if pk not in have]
    DealTag.objects.bulk_create([DealTag(deal_id=pk, tag_id=tag) for pk in fresh])
    record(by, "deal.many_tagged", kind=Deal._meta.label_lower, count=len(fresh), tag=tag)
    _changed(fresh, by, "tags")
    return dict.fromkeys(fresh)


@action(permission=DealPermission.WRITE)
def untag_deals(ids: list[int], tag: int, *, by: Actor) -> list[int]:
    """Take one tag off many deals; return those that had it."""
    seen = list(_visible(ids, by).values_list("pk", flat=True))
    links = DealTag.objects.filter(tag_id=tag, deal_id__in=seen)
    had = list(links.values_list("deal_id", flat=True))
    links.delete()
    record(by, "deal.many_untagged", kind=Deal._meta.label_lower, count=len(had), tag=tag)
    _changed(had, by, "tags")
    return had


@action(permission=DealPermission.BIN)
def bin_deals(ids: list[int], *, by: Actor) -> dict[int, None]:
    """Put deals into the bin for 30 days; return those that went."""
    gone = list(_visible(ids, by).values_list("pk", flat=True))
    Deal.objects.filter(pk__in=gone).update(deleted_at=timezone.now(), updated_at=timezone.now())
    record(by, "deal.many_binned", kind=Deal._meta.label_lower, count=len(gone), ids=gone[:100])
    deals_binned.tell(DealsFact(gone, by))
    return dict.fromkeys(gone)


@action(permission=DealPermission.BIN)
def restore_deals(ids: list[int], *, by: Actor) -> list[int]:
    """Take deals out of the bin; return those that came. One whose number is in use meanwhile comes without it."""
    rows = Deal.with_bin.visible_to(by).filter(pk__in=ids).exclude(deleted_at=None)
    back = list(rows.values_list("pk", flat=True))
    numbers = rows.exclude(external_id="").values_list("external_id", flat=True)
    taken = list(Deal.objects.filter(external_id__in=list(numbers)).values_list("external_id", flat=True))
    Deal.with_bin.filter(pk__in=back, external_id__in=taken).update(external_id="")
    Deal.with_bin.filter(pk__in=back).update(deleted_at=None, updated_at=timezone.now())
    record(by, "deal.many_restored", kind=Deal._meta.label_lower, count=len(back), ids=back[:100])
    deals_restored.tell(DealsFact(back, by))
    return back


@action(permission=DealPermission.BIN)
def restore_deal(deal: Deal, *, by: Actor) -> Deal:
    """Take one deal out of the bin; return it."""
    restore_deals([deal.pk], by=by)
    deal.refresh_from_db(from_queryset=Deal.with_bin.all())
    return deal


def put_back(befores: dict[int, Any], still: list[int], each: Callable[[list[int], Any], Any]) -> list[int]:
    """Give rows back what they held, one set statement per former value; return the ids."""
    groups: dict[Any, list[int]] = {}
    for pk in still:
        groups.setdefault(befores[pk], []).append(pk)
    for value, ids in groups.items():
        each(ids, value)
    return still
