"""Verbs over campaigns: plan, choose, write, count costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.channels.blocks import checked_blocks
from dialogue.customers.sources.actions import create_source, rename_source
from dialogue.customers.sources.models import Source, SourceKind, fold_name
from dialogue.kit.actors import Actor
from dialogue.kit.editing import refuse_stale
from dialogue.kit.errors import Conflict, InvalidInput, NotFound, Refusal
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant
from dialogue.marketing.campaigns.models import (
    TRANSITIONS,
    Campaign,
    CampaignSegment,
    Content,
    CostLine,
    Person,
    Priority,
    Run,
    Side,
    Test,
)
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.signals import CampaignFact, campaign_changed
from dialogue.marketing.segments.models import Segment
from dialogue.platform.accounts.models import Membership
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.mail.models import SenderIdentity
from dialogue.platform.search.indexing import forget_records
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.promotions.models import Series

ENTITY = "campaign"
LONGEST_NAME, LONGEST_GOAL, LONGEST_LABEL = 120, 5000, 120
LONGEST_SUBJECT, LONGEST_BODY = 300, 100_000
LANGUAGES = dict(settings.LANGUAGES)
MOST_HELD, MOST_COSTS = 50, 100
PLAIN = ("name", "goal", "starts_on", "ends_on")
PLAN = ("plan_people", "plan_responses", "plan_deals", "plan_revenue", "plan_cost")
# What decides who gets what: fixed once people are frozen.
FIXED = ("hold_out", "test", "identity_id", "priority", "coupons_id")
FIELDS = (*PLAIN, *PLAN, *FIXED, "responsible_id")
RENAMED = {"responsible": "responsible_id", "identity": "identity_id", "coupons": "coupons_id"}


@frozen
class Cost:
    """One line of costs as a person writes it."""

    label: str
    planned: Decimal | None = None
    spent: Decimal | None = None
    on: date | None = None


def locked(campaign: Campaign, by: Actor) -> Campaign:
    """Return the campaign, locked and read anew.

    Raises:
        NotFound: it is no longer there for the actor.
    """
    row = Campaign.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=campaign.pk).first()
    if row is None:
        raise NotFound(_("This campaign is no longer here."))
    return row


def _clean(row: Campaign) -> None:
    row.name = " ".join(row.name.split())
    row.fold = row.name.casefold()[:LONGEST_NAME]
    row.goal = row.goal.replace("\0", "").strip()[:LONGEST_GOAL]
    errors: dict[str, str] = {}
    if not row.name or len(row.name) > LONGEST_NAME:
        errors["name"] = _("Give the campaign a name of at most 120 characters.")
    elif Campaign.objects.filter(fold=row.fold).exclude(pk=row.pk).exists():
        errors["name"] = _("There is another campaign of this name: choose another one.")
    if row.starts_on and row.ends_on and row.ends_on < row.starts_on:
        errors["ends_on"] = _("The end must not lie before the start.")
    if row.responsible_id and not Membership.objects.filter(user_id=row.responsible_id, is_active=True).exists():
        errors["responsible"] = _("Choose a member of the company.")
    if row.identity_id and not SenderIdentity.objects.in_use().filter(pk=row.identity_id).exists():
        errors["identity"] = _("Choose one of the senders of the settings.")
    if row.coupons_id and not Series.objects.filter(pk=row.coupons_id).exists():
        errors["coupons"] = _("Choose coupons of the list.")
    if row.priority not in Priority.values:
        errors["priority"] = _("Choose a priority of the list.")
    if row.test not in Test.values:
        errors["test"] = _("Choose what is tested.")
    if row.hold_out is not None and not 0 <= row.hold_out <= MOST_HELD:
        errors["hold_out"] = _("Hold out from 0 to 50 percent.")
    for name in PLAN:
        value = getattr(row, name)
        if value is not None and (value < 0 or value > 10**9 * (1 if isinstance(value, int) else 10**5)):
            errors[name] = _("Give a number that is not below zero.")
    if errors:
        raise InvalidInput(errors)


def _source(row: Campaign, by: Actor) -> int:
    """Return the id of the campaign's row among sources: one of its name that no campaign has, else a new one."""
    # Who plans campaigns may not always name sources: the row follows from the campaign.
    able = replace(by, everything=True)
    same = Source.objects.filter(kind=SourceKind.ACTIVITY, parent=None)
    name, number = row.name, 1
    while (known := same.filter(fold=fold_name(name)).first()) is not None:
        if not Campaign.with_bin.filter(source=known.pk).exists():
            return int(known.pk)
        number += 1
        name = f"{row.name} ({number})"
    return int(create_source(name=name, by=able, started_on=row.starts_on, ended_on=row.ends_on).pk)


@action(permission=CampaignPermission.WRITE)
def create_campaign(name: str, *, by: Actor, source: int | None = None, **fields: Any) -> Campaign:
    """Begin a campaign, and return it; fields as in `change_campaign`. Without `source` it gets one of its name.

    Raises:
        InvalidInput: names every wrong field.
    """
    row = Campaign(name=name, created_by=by.user, currency=Tenant.objects.get(pk=current_tenant()).currency)
    row.responsible_id = by.user
    for field, value in _known(fields).items():
        setattr(row, field, value)
    _clean(row)
    row.source = source or _source(row, by)
    row.save()
    record(by, "campaign.created", row)
    campaign_changed.tell(CampaignFact(row, by))
    return row


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {RENAMED.get(name, name): value for name, value in fields.items()}
    unknown = sorted(set(wanted) - set(FIELDS))
    if unknown:
        raise Refusal(_("“%(field)s” cannot be changed here.") % {"field": unknown[0]}, field=unknown[0])
    return wanted


@action(permission=CampaignPermission.WRITE)
def change_campaign(campaign: Campaign, *, by: Actor, etag: str = "", **fields: Any) -> Campaign:
    """Change name, goal, dates, plan, responsible and sender (ids), hold-out or test; return the campaign.

    Raises:
        InvalidInput: names every wrong field.
        Conflict: hold-out, test or sender of a campaign whose people are frozen.
        StaleEdit: somebody changed the same fields meanwhile.
    """
    wanted = _known(fields)
    row = locked(campaign, by)
    refuse_stale(row, wanted, etag=etag)
    before = snapshot(row, list(FIELDS))
    for name, value in wanted.items():
        setattr(row, name, value)
    _clean(row)
    changes = difference(before, snapshot(row, list(FIELDS)))
    fixed = [name for name in FIXED if name in changes]
    if fixed and not row.is_draft:
        raise Conflict(_("The people of this campaign are frozen: this can no longer be changed."), field=fixed[0])
    if not changes:
        return row
    row.save()
    if "name" in changes:
        rename_source(Source.objects.get(pk=row.source), row.name, by=replace(by, everything=True))
    record(by, "campaign.changed", row, changes=changes)
    campaign_changed.tell(CampaignFact(row, by))
    return row


def _refuse_frozen(row: Campaign) -> None:
    if not row.is_draft:
        raise Conflict(_("The people of this campaign are frozen: this can no longer be changed."))


@action(permission=CampaignPermission.WRITE)
def choose_segments(
    campaign: Campaign, include: Sequence[str], exclude: Sequence[str] = (), *, by: Actor
) -> list[CampaignSegment]:
    """Set which segments (by code) are addressed and which left out; return them.

    Segments of the campaign that the actor may not see stay as they are.

    Raises:
        Conflict: the people are frozen.
        InvalidInput: a segment nobody knows, or one on both sides.
    """
    row = locked(campaign, by)
    _refuse_frozen(row)
    wanted = dict.fromkeys(include, Side.INCLUDE.value) | dict.fromkeys(exclude, Side.EXCLUDE.value)
    known = {one.code: one for one in Segment.objects.visible_to(by).filter(code__in=wanted)}
    if set(include) & set(exclude):
        raise InvalidInput({"exclude": _("A segment is either addressed or left out.")})
    missing = [code for code in wanted if code not in known]
    if missing:
        side = "include" if missing[0] in include else "exclude"
        raise InvalidInput({side: _("There is no segment “%(code)s”.") % {"code": missing[0]}})
    rows = CampaignSegment.objects.filter(campaign=row)
    had = dict(rows.values_list("segment__code", "side"))
    mine = rows.filter(segment__in=Segment.objects.visible_to(by))
    mine.exclude(segment__code__in=wanted).delete()
    last = rows.aggregate(last=Max("number"))["last"] or 0
    numbers = {code: number for number, code in enumerate((code for code in wanted if code not in had), start=last + 1)}
    CampaignSegment.objects.bulk_create(
        [
            CampaignSegment(
                campaign=row,
                segment=known[code],
                name=known[code].name,
                side=side,
                number=numbers.get(code, 0),
                place=numbers.get(code, 0),
            )
            for code, side in wanted.items()
        ],
        update_conflicts=True,
        unique_fields=["tenant_id", "campaign", "segment"],
        update_fields=["side", "name"],
    )
    Content.objects.filter(campaign=row, letter__gt=0).exclude(letter__in=rows.addressed().values("number")).delete()
    now = dict(rows.values_list("segment__code", "side"))
    if had != now:
        row.save(update_fields=["updated_at"])
        record(by, "campaign.segments", row, changes={"segments": [had, now]})
    return list(rows.select_related("segment").order_by("side", "id"))


@action(permission=CampaignPermission.WRITE)
def set_costs(campaign: Campaign, costs: Sequence[Cost], *, by: Actor) -> list[CostLine]:
    """Set what the campaign is to cost and has cost, line by line; return the lines.

    Raises:
        InvalidInput: a line without words, or an amount below zero.
    """
    row = locked(campaign, by)
    kept = [replace(one, label=" ".join(one.label.split())[:LONGEST_LABEL]) for one in costs[:MOST_COSTS]]
    for number, one in enumerate(kept):
        if not one.label:
            raise InvalidInput({f"costs.{number}.label": _("Say what the costs are for.")})
        if any(amount is not None and not 0 <= amount < 10**14 for amount in (one.planned, one.spent)):
            raise InvalidInput({f"costs.{number}.planned": _("Give a number that is not below zero.")})
    before = [[one.label, one.planned, one.spent] for one in CostLine.objects.filter(campaign=row)]
    CostLine.objects.filter(campaign=row).delete()
    lines = CostLine.objects.bulk_create(
        [CostLine(campaign=row, label=one.label, planned=one.planned, spent=one.spent, on=one.on) for one in kept]
    )
    after = [[one.label, one.planned, one.spent] for one in lines]
    if before != after:
        row.save(update_fields=["updated_at"])
        record(by, "campaign.costs", row, changes={"costs": [before, after]})
    return lines


@action(permission=CampaignPermission.WRITE)
def write_content(
    campaign: Campaign,
    *,
    by: Actor,
    subject: str,
    body: str = "",
    blocks: Sequence[Mapping[str, object]] = (),
    arm: str = "a",
    language: str = "",
    letter: int = 0,
    etag: int | None = None,
) -> Content:
    """Write the letter of an arm in a language ("" for everybody without a variant); return its newest version.

    `letter` is the number of the campaign's segment whose people get it, 0 for everybody.
    It is a text in Markdown, or `blocks`; where there are blocks the text is none.

    While the campaign is prepared the text is changed in place; later each change makes a version for who has not got it.

    Raises:
        Conflict: the campaign has ended.
        InvalidInput: an unknown arm or language, or a text that is too long.
        Refusal: a block nobody knows, or too many.
    """
    row = locked(campaign, by)
    if not row.is_draft and not row.is_under_way:
        raise Conflict(_("This campaign has ended: its letters stay as they were sent."))
    kept = checked_blocks(blocks)
    clean = (*_clean_text(subject, "" if kept else body, arm=arm, language=language), kept)
    _refuse_letter(row, letter)
    known = Content.objects.filter(campaign=row, letter=letter, arm=arm, language=language).order_by("-version").first()
    if known is not None and etag is not None and known.version != etag:
        raise Conflict(_("Somebody changed this letter after you opened it: look at it and save again."), field="body")
    if known is not None and (known.subject, known.body, known.blocks) == clean:
        return known
    if known is None or not row.is_draft:
        known = Content(campaign=row, letter=letter, arm=arm, language=language, version=(known.version if known else 0) + 1)
    known.subject, known.body, known.blocks = clean
    known.at, known.by_label = timezone.now(), by.label[:150]
    known.save()
    row.save(update_fields=["updated_at"])
    record(by, "campaign.written", row, letter=letter, arm=arm, language=language, version=known.version, about=known.subject)
    campaign_changed.tell(CampaignFact(row, by))
    return known


def _refuse_letter(row: Campaign, letter: int) -> None:
    """Refuse a letter nobody gets: of no segment of the campaign, or one of its own begun after the people were frozen."""
    if not letter:
        return
    if not CampaignSegment.objects.filter(campaign=row, number=letter).addressed().exists():
        raise InvalidInput({"letter": _("Choose a segment the campaign addresses.")})
    if not row.is_draft and not Content.objects.filter(campaign=row, letter=letter).exists():
        raise Conflict(
            _("The people of this campaign are frozen: who gets which letter can no longer be changed."), field="letter"
        )


@action(permission=CampaignPermission.WRITE)
def move_letter(campaign: Campaign, letter: int, *, by: Actor, up: bool) -> Campaign:
    """Look for a segment's letter earlier, or later, than now: who is in two gets that of the first. Return the campaign.

    Raises:
        Conflict: the people are frozen.
    """
    row = locked(campaign, by)
    _refuse_frozen(row)
    lines = list(CampaignSegment.objects.filter(campaign=row).addressed())
    at = next((place for place, one in enumerate(lines) if one.number == letter), -1)
    to = at - 1 if up else at + 1
    if at < 0 or not 0 <= to < len(lines):
        return row
    before = [one.name for one in lines]
    lines[at], lines[to] = lines[to], lines[at]
    for place, one in enumerate(lines, start=1):
        one.place = place
    CampaignSegment.objects.bulk_update(lines, ["place"])
    row.save(update_fields=["updated_at"])
    record(by, "campaign.letters", row, changes={"letters": [before, [one.name for one in lines]]})
    return row


def _clean_text(subject: str, body: str, *, arm: str, language: str) -> tuple[str, str]:
    subject = " ".join(subject.replace("\0", "").split())
    body = body.replace("\0", "").replace("\r\n", "\n").strip()
    errors: dict[str, str] = {}
    if len(subject) > LONGEST_SUBJECT:
        errors["subject"] = _("Shorten this to %(limit)s characters.") % {"limit": LONGEST_SUBJECT}
    if len(body) > LONGEST_BODY:
        errors["body"] = _("Shorten this to %(limit)s characters.") % {"limit": LONGEST_BODY}
    if arm not in {"a", "b"}:
        errors["arm"] = _("There are the letters a and b.")
    if language and language not in LANGUAGES:
        errors["language"] = _("Choose a language of the list.")
    if errors:
        raise InvalidInput(errors)
    return subject, body


@action(permission=CampaignPermission.WRITE)
def remove_content(campaign: Campaign, *, by: Actor, arm: str, language: str, letter: int = 0) -> Campaign:
    """Remove the letter of an arm in a language; its readers get the one for everybody. Return the campaign.

    Raises:
        Conflict: the people are frozen.
    """
    row = locked(campaign, by)
    _refuse_frozen(row)
    if Content.objects.filter(campaign=row, letter=letter, arm=arm, language=language).delete()[0]:
        row.save(update_fields=["updated_at"])
        record(by, "campaign.unwritten", row, letter=letter, arm=arm, language=language)
    return row


def move(row: Campaign, state: str) -> None:
    """Change the state of a locked campaign.

    Raises:
        Conflict: the change is not one of the state machine.
    """
    if state not in TRANSITIONS[row.state]:
        raise Conflict(_("This campaign is “%(state)s”: that is not possible now.") % {"state": row.get_state_display()})
    row.state = state


@action(permission=CampaignPermission.WRITE)
def bin_campaign(campaign: Campaign, *, by: Actor) -> Campaign:
    """Put a campaign into the bin; return it.

    Raises:
        Conflict: it is still going.
    """
    row = locked(campaign, by)
    if row.is_under_way:
        raise Conflict(_("To delete a campaign that is going cancel it first."))
    row.deleted_at = timezone.now()
    row.save(update_fields=["deleted_at", "updated_at"])
    record(by, "campaign.binned", row)
    campaign_changed.tell(CampaignFact(row, by))
    return row


@action(permission=CampaignPermission.WRITE)
def restore_campaign(campaign: Campaign, *, by: Actor) -> Campaign:
    """Take a campaign out of the bin; return it.

    Raises:
        Conflict: another one has its name meanwhile.
    """
    row = Campaign.with_bin.visible_to(by).select_for_update(of=("self",)).get(pk=campaign.pk)
    if Campaign.objects.filter(fold=row.fold).exists():
        raise Conflict(_("To restore this campaign first rename the one that has its name now."), field="name")
    row.deleted_at = None
    row.save(update_fields=["deleted_at", "updated_at"])
    record(by, "campaign.restored", row)
    campaign_changed.tell(CampaignFact(row, by))
    return row


def forget_campaign(campaign: Campaign) -> None:
    """Forget what a campaign that leaves the bin for good held by bare ids: its people, and what search knows of it."""
    forget_records(ENTITY, [campaign.pk])
    runs = Run.objects.filter(campaign=campaign).values("pk")
    Person.objects.filter(run_id__in=runs).delete()


def follow_merge(gone: int, kept: int) -> None:
    """Let the kept record of two take the decisions about the other one, in runs that did not decide about him."""
    his = Person.objects.filter(party_id=kept).values("run_id")
    Person.objects.filter(party_id=gone).exclude(run_id__in=his).update(party_id=kept)
