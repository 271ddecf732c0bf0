"""Verbs over one deal."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Min, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Party, Tag
from dialogue.customers.parties.rules import one_line
from dialogue.kit.actors import Actor
from dialogue.kit.editing import refuse_stale
from dialogue.kit.errors import NotFound, Refusal
from dialogue.platform.accounts.models import Membership
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.criteria.models import Characteristic
from dialogue.platform.notices.telling import mentioned_in, tell_mentioned
from dialogue.selling.deals.drafts import (
    ENTITY,
    LONGEST_TITLE,
    Budget,
    Ground,
    NewDeal,
    clean_budget,
    ground_of,
    ready,
)
from dialogue.selling.deals.errors import DealClosed, DealOpen
from dialogue.selling.deals.losses import NO_WHY, Why, why_lost
from dialogue.selling.deals.models import (
    RANK_GAP,
    BoardState,
    Deal,
    DealComment,
    DealContact,
    DealRole,
    DealTag,
    Pipeline,
    Stage,
    StageChange,
    StageClass,
)
from dialogue.selling.deals.permissions import DealPermission
from dialogue.selling.deals.rules import rank_between
from dialogue.selling.deals.signals import (
    CommentFact,
    DealFact,
    StageFact,
    comment_written,
    deal_changed,
    deal_created,
    deal_lost,
    deal_moved,
    deal_won,
)

# What a form, the API or a cell may set on a deal; the stage has verbs of its own.
FIELDS = ("title", "company_id", "contact_id", "budget", "currency", "responsible_id", "expected_on", "external_id")


def locked(deal: Deal, by: Actor) -> Deal:
    """Return the deal re-read under a lock.

    Raises:
        NotFound: it is in the bin, or the actor may not see it.
    """
    row = Deal.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=deal.pk).first()
    if row is None:
        raise NotFound(_("This deal is no longer here."))
    return row


def refuse_unseen(by: Actor, *, parties: dict[str, int | None], responsible: int | None = None) -> None:
    """Refuse ids of customers the actor may not see and of people who are no members.

    Raises:
        Refusal: names the field.
    """
    wanted = {pk for pk in parties.values() if pk}
    seen = set(Party.objects.visible_to(by).filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    for field, pk in parties.items():
        if pk and pk not in seen:
            raise Refusal(_("Choose a customer from the list."), field=field, code="unknown-customer")
    if responsible and not Membership.objects.filter(user_id=responsible, is_active=True).exists():
        raise Refusal(_("Choose a member of the company."), field="responsible", code="unknown-member")


def put_budget(deal: Deal, budget: Budget) -> None:
    """Put a cleaned budget into the row."""
    deal.budget, deal.currency = budget.amount, budget.currency
    deal.base_amount, deal.base_currency = budget.base_amount, budget.base_currency
    deal.rate, deal.rate_on = budget.rate, budget.rate_on


def top_of(stage: int) -> int:
    """Return the rank above every card of a stage."""
    least = Deal.objects.filter(stage_id=stage).aggregate(least=Min("rank"))["least"]
    return 0 if least is None else int(least) - RANK_GAP


@action(permission=DealPermission.WRITE)
def create_deal(draft: NewDeal, *, by: Actor) -> Deal:
    """Create a deal on top of its stage; return it. Without a responsible it is the creator's.

    Raises:
        InvalidInput: names every wrong field.
        Refusal: a customer the actor may not see, or a number in use.
    """
    checked = ready(draft, ground_of(by))
    parties = {"company": draft.company, "contact": draft.contact}
    refuse_unseen(by, parties=parties | {f"contacts.{one.party}": one.party for one in checked.contacts})
    responsible = draft.responsible if draft.responsible is not None else by.user
    refuse_unseen(by, parties={}, responsible=draft.responsible)
    refuse_number_in_use(draft.external_id)
    deal = Deal(
        title=checked.title,
        pipeline=checked.stage.pipeline,
        stage=checked.stage,
        stage_class=checked.stage.stage_class,
        closed_at=timezone.now() if checked.stage.is_final else None,
        loss_id=checked.why.loss,
        lost_reason=checked.why.words,
        company_id=draft.company,
        contact_id=draft.contact,
        responsible_id=responsible,
        expected_on=draft.expected_on,
        external_id=draft.external_id.strip(),
        source=draft.source,
        rank=top_of(checked.stage.pk),
        created_by=by.user,
    )
    if draft.created_at:
        deal.created_at = draft.created_at
    put_budget(deal, checked.budget)
    if draft.characteristics:
        deal.set_characteristics(list(Characteristic.objects.of(ENTITY)), draft.characteristics)
    deal.save()
    DealContact.objects.bulk_create([DealContact(deal=deal, party_id=one.party, role=one.role) for one in checked.contacts])
    put_tags(deal, draft.tags)
    enter_stage(deal, None, by)
    record(by, "deal.created", deal)
    deal_created.tell(DealFact(deal, by))
    return deal


def refuse_number_in_use(number: str, besides: int = 0) -> None:
    """Refuse an own number that another living deal has.

    Raises:
        Refusal: the number is in use.
    """
    number = number.strip()
    if number and Deal.objects.filter(external_id=number).exclude(pk=besides).exists():
        raise Refusal(
            _("To keep the number “%(number)s” change it on the deal that has it.") % {"number": number}, field="external_id"
        )


def enter_stage(deal: Deal, before: Stage | None, by: Actor, reason: str = "") -> None:
    """Keep that the deal entered its present stage, and that it left the one before."""
    now = timezone.now()
    if before is not None:
        StageChange.objects.filter(deal=deal, left_at=None).update(left_at=now)
    StageChange.objects.create(
        deal=deal,
        before=before,
        stage_id=deal.stage_id,
        at=now if before else deal.created_at,
        amount=deal.budget,
        currency=deal.currency,
        reason=reason,
        by=by.user,
        by_label=by.label[:150],
    )


@action(permission=DealPermission.WRITE)
def change_deal(
    deal: Deal,
    *,
    by: Actor,
    etag: str = "",
    seen: dict[str, Any] | None = None,
    characteristics: dict[str, Any] | None = None,
    **fields: Any,
) -> Deal:
    """Change the deal's own facts; return it. `etag` or `seen` refuse an edit made on a stale reading.

    Takes title, company, contact, responsible (ids), budget, currency, expected_on, external_id.

    Raises:
        Refusal: a wrong value, by field.
        StaleEdit: somebody changed the same fields meanwhile.
    """
    wanted = {f"{name}_id" if name in {"company", "contact", "responsible"} else name: fields[name] for name in fields}
    unknown = sorted(set(wanted) - set(FIELDS))
    if unknown:
        raise Refusal(_("“%(field)s” cannot be changed here.") % {"field": unknown[0]}, field=unknown[0])
    row = locked(deal, by)
    refuse_stale(row, wanted, etag=etag, seen=seen)
    before = snapshot(row, [*FIELDS, "characteristics"])
    ground = ground_of(by)
    if wanted.get("responsible_id", row.responsible_id) != row.responsible_id and not by.can(DealPermission.ASSIGN):
        by_himself = wanted["responsible_id"] == by.user
        if not by_himself:
            raise Refusal(_("To hand the deal to a colleague you must have the right to assign deals."), field="responsible")
    _put(row, wanted, ground, by)
    if characteristics:
        row.set_characteristics(ground.definitions, characteristics)
    row.save()
    if row.contact_id and "contact_id" in wanted:
        DealContact.objects.get_or_create(deal=row, party_id=row.contact_id)
    changes = difference(before, snapshot(row, [*FIELDS, "characteristics"]))
    if changes:
        record(by, "deal.changed", row, changes=changes)
        deal_changed.tell(DealFact(row, by, changes))
    return row


def _put(row: Deal, wanted: dict[str, Any], ground: Ground, by: Actor) -> None:
    parties = {name.removesuffix("_id"): wanted[name] for name in ("company_id", "contact_id") if name in wanted}
    refuse_unseen(by, parties=parties, responsible=wanted.get("responsible_id"))
    if "title" in wanted:
        row.title = one_line(wanted["title"] or "")
        if not row.title or len(row.title) > LONGEST_TITLE:
            raise Refusal(_("Give the deal a name of at most 200 characters."), field="title")
    if "external_id" in wanted:
        row.external_id = str(wanted["external_id"] or "").strip()[:80]
        refuse_number_in_use(row.external_id, besides=row.pk)
    for name in ("company_id", "contact_id", "responsible_id"):
        if name in wanted:
            setattr(row, name, wanted[name] or None)
    if "expected_on" in wanted:
        day = wanted["expected_on"] or None
        row.expected_on = date.fromisoformat(day) if isinstance(day, str) else day
    if "budget" in wanted or "currency" in wanted:
        amount = wanted.get("budget", row.budget)
        number = None if amount in (None, "") else Decimal(str(amount))
        put_budget(row, clean_budget(number, wanted.get("currency") or row.currency, ground))


@action(permission=DealPermission.WRITE)
def move_deal(
    deal: Deal,
    stage: Stage,
    *,
    by: Actor,
    above: int | None = None,
    below: int | None = None,
    reason: str = "",
    loss: int | None = None,
    at_stage: int | None = None,
) -> Deal:
    """Put the deal into a stage, between the cards `above` and `below` where given, else on top; return it.

    `at_stage` is the stage where the mover saw the card; `loss` a kept reason of losing, `reason` its words.

    Raises:
        ReasonNeeded: a lost deal without a reason.
        Conflict: somebody moved it meanwhile.
    """
    row = locked(deal, by)
    before = Stage.objects.get(pk=row.stage_id)
    if at_stage is not None and at_stage != row.stage_id:
        raise DealClosed(
            _("Somebody moved this deal to “%(stage)s” meanwhile.") % {"stage": before.name}, field="stage", code="moved"
        )
    if stage.archived_at:
        raise Refusal(_("Choose a stage that is in use."), field="stage")
    why = why_lost(reason, loss) if stage.stage_class == StageClass.LOST and before.pk != stage.pk else NO_WHY
    row.rank = _place(stage.pk, row.pk, above, below)
    if before.pk == stage.pk:
        row.save(update_fields=["rank"])
        return row
    return _enter(row, before, stage, by, why)


def _enter(row: Deal, before: Stage, stage: Stage, by: Actor, why: Why) -> Deal:
    row.stage, row.pipeline_id, row.stage_class = stage, stage.pipeline_id, stage.stage_class
    row.stage_since = timezone.now()
    row.closed_at = timezone.now() if stage.is_final else None
    row.loss_id, row.lost_reason = why.loss, why.words
    row.save()
    enter_stage(row, before, by, why.words)
    word = {StageClass.WON: "deal.won", StageClass.LOST: "deal.lost"}.get(StageClass(stage.stage_class), "deal.moved")
    record(by, word, row, changes={"stage": [before.name, stage.name]}, reason=why.words)
    fact = StageFact(row, by, before, stage)
    deal_moved.tell(fact)
    if stage.stage_class == StageClass.WON:
        deal_won.tell(fact)
    elif stage.stage_class == StageClass.LOST:
        deal_lost.tell(fact)
    return row


def _place(stage: int, moved: int, above: int | None, below: int | None) -> int:
    """Return the rank between two cards of the stage; cards that left it meanwhile are passed over."""
    ranks = dict(Deal.objects.filter(stage_id=stage, pk__in=[pk for pk in (above, below) if pk]).values_list("pk", "rank"))
    upper, lower = ranks.get(above or 0), ranks.get(below or 0)
    if upper is None and lower is None:
        return top_of(stage)
    if lower is None:
        rest = Deal.objects.filter(stage_id=stage).exclude(pk=moved)
        behind = rest.filter(Q(rank__gt=upper) | Q(rank=upper, pk__gt=above)).order_by("rank", "pk").first()
        lower = behind.rank if behind else None
    found = rank_between(upper, lower)
    if found is not None:
        return found
    spread(stage)
    return _place(stage, moved, above, below)


def spread(stage: int) -> None:
    """Give the cards of a stage equal gaps again, by one statement, in their present order."""
    order = Window(RowNumber(), order_by=[F("rank").asc(), F("pk").asc()])
    numbered = list(Deal.objects.filter(stage_id=stage).annotate(number=order).values_list("pk", "number"))
    Deal.objects.bulk_update([Deal(pk=pk, rank=number * RANK_GAP) for pk, number in numbered], ["rank"], batch_size=5000)


def closing_stage(deal: Deal, wanted: StageClass) -> Stage:
    """Return the deal's pipeline's stage of a class.

    Raises:
        Refusal: the pipeline has none.
    """
    found = (
        Stage.objects.filter(pipeline_id=deal.pipeline_id, stage_class=wanted, archived_at=None).order_by("position").first()
    )
    if found is None:
        raise Refusal(_("The pipeline has no stage for this: add one in its settings."), field="stage")
    return found


@action(permission=DealPermission.WRITE)
def win_deal(deal: Deal, *, by: Actor) -> Deal:
    """Close the deal as won; return it.

    Raises:
        DealClosed: it is closed already.
    """
    row = locked(deal, by)
    if row.stage_class != StageClass.OPEN:
        raise DealClosed(_("To win this deal reopen it first: it is closed already."))
    return move_deal(row, closing_stage(row, StageClass.WON), by=by)


@action(permission=DealPermission.WRITE)
def lose_deal(deal: Deal, *, by: Actor, reason: str = "", loss: int | None = None) -> Deal:
    """Close the deal as lost and keep why: a kept reason, words of one's own, or both; return it.

    Raises:
        ReasonNeeded: neither.
        DealClosed: it is closed already.
    """
    row = locked(deal, by)
    if row.stage_class != StageClass.OPEN:
        raise DealClosed(_("To lose this deal reopen it first: it is closed already."))
    return move_deal(row, closing_stage(row, StageClass.LOST), by=by, reason=reason, loss=loss)


@action(permission=DealPermission.WRITE)
def reopen_deal(deal: Deal, *, by: Actor) -> Deal:
    """Put a closed deal back to the open stage it came from, or to the first one; return it.

    Raises:
        DealOpen: it is open.
    """
    row = locked(deal, by)
    if row.stage_class == StageClass.OPEN:
        raise DealOpen(_("This deal is open already."))
    earlier = StageChange.objects.filter(
        deal=row, stage__stage_class=StageClass.OPEN, stage__archived_at=None, stage__pipeline_id=row.pipeline_id
    )
    last = earlier.select_related("stage").order_by("-id").first()
    return move_deal(row, last.stage if last else closing_stage(row, StageClass.OPEN), by=by)


@action(permission=DealPermission.WRITE)
def add_deal_contact(deal: Deal, party: int, *, by: Actor, role: str = "") -> DealContact:
    """Add a party to the deal, or change its role; return the link."""
    row = locked(deal, by)
    refuse_unseen(by, parties={"party": party})
    if role and role not in DealRole.values:
        raise Refusal(_("Choose the role from the list."), field="role")
    link, made = DealContact.objects.update_or_create(deal=row, party_id=party, defaults={"role": role})
    if row.contact_id is None:
        row.contact_id = party
        row.save()
    record(by, "deal.contact_added" if made else "deal.contact_changed", row, party=str(link.party), role=role)
    return link


@action(permission=DealPermission.WRITE)
def remove_deal_contact(deal: Deal, party: int, *, by: Actor) -> Deal:
    """Take a party out of the deal; return the deal."""
    row = locked(deal, by)
    DealContact.objects.filter(deal=row, party_id=party).delete()
    if row.contact_id == party:
        row.contact_id = DealContact.objects.filter(deal=row).order_by("id").values_list("party_id", flat=True).first()
        row.save()
    record(by, "deal.contact_removed", row, party=party)
    return row


def put_tags(deal: Deal, tags: list[int]) -> None:
    """Write the deal's tags; unknown ids are passed over."""
    known = Tag.objects.filter(entity=ENTITY, pk__in=tags).values_list("pk", flat=True) if tags else []
    DealTag.objects.bulk_create([DealTag(deal=deal, tag_id=pk) for pk in known])


@action(permission=DealPermission.WRITE)
def tag_deal(deal: Deal, names: list[str], *, by: Actor) -> Deal:
    """Set the deal's tags to these words, adding new ones to the vocabulary; return the deal."""
    row = locked(deal, by)
    before = list(row.tag_links.order_by("tag__fold").values_list("tag__name", flat=True))
    wanted = [tag_named(name) for name in dict.fromkeys(one_line(name)[:60] for name in names) if name]
    DealTag.objects.filter(deal=row).exclude(tag__in=wanted).delete()
    have = set(DealTag.objects.filter(deal=row).values_list("tag_id", flat=True))
    DealTag.objects.bulk_create([DealTag(deal=row, tag=tag) for tag in wanted if tag.pk not in have])
    changes = difference({"tags": before}, {"tags": sorted(tag.name for tag in wanted)})
    if changes:
        record(by, "deal.changed", row, changes=changes)
        deal_changed.tell(DealFact(row, by, changes))
    return row


def tag_named(name: str) -> Tag:
    """Return the deals' tag of this name, made where it is new."""
    tag, _made = Tag.objects.get_or_create(entity=ENTITY, fold=name.casefold(), defaults={"name": name})
    return tag


@action()
def comment_deal(deal: Deal, text: str, *, by: Actor) -> DealComment:
    """Write a comment; colleagues named with @ are told; return it.

    Raises:
        Refusal: no words, or too many.
    """
    row = locked(deal, by)
    text = text.strip()
    if not text or len(text) > 5000:
        raise Refusal(_("Write a comment of at most 5,000 characters."), field="text")
    comment: DealComment = DealComment.objects.create(deal=row, author_id=by.user, text=text, mentions=mentioned_in(text))
    record(by, "deal.commented", row, comment=comment.pk, mentions=comment.mentions)
    tell_mentioned(text, title=row.title, address=f"deals/{row.pk}/#comments", by=by)
    comment_written.tell(CommentFact(comment, by))
    return comment


@action()
def delete_comment(comment: DealComment, *, by: Actor) -> DealComment:
    """Take back one's own comment; return it.

    Raises:
        Refusal: somebody else's.
    """
    row = DealComment.objects.select_for_update().get(pk=comment.pk)
    if row.author_id != by.user:
        raise Refusal(_("Only its author takes a comment back."))
    row.deleted_at = timezone.now()
    row.save()
    record(by, "deal.comment_removed", row.deal, comment=row.pk)
    return row


@action()
def remember_view(view: str, *, by: Actor, pipeline: int | None = None) -> BoardState:
    """Remember how the member looks at deals, so that he finds them so again; return what is kept."""
    kept: dict[str, Any] = {"view": "board" if view == "board" else "list"}
    if pipeline is not None and Pipeline.objects.in_use().filter(pk=pipeline).exists():
        kept["pipeline_id"] = pipeline
    state: BoardState = BoardState.objects.update_or_create(user_id=by.user, defaults=kept)[0]
    return state
