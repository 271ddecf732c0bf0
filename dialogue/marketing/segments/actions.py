"""Verbs over segments: keep a rule, change, copy, freeze, delete it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogue.customers.parties.fields import party
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.editing import refuse_stale
from dialogue.kit.errors import Conflict, InvalidInput, NotFound, Refusal
from dialogue.kit.scope import current_tenant
from dialogue.marketing.segments.building import asking_for_all, close_for, count_living, one_at_a_time, open_for, settle
from dialogue.marketing.segments.models import HandPick, Membership, Segment, SegmentKind, SegmentVersion
from dialogue.marketing.segments.permissions import SegmentPermission
from dialogue.marketing.segments.rebuilding import is_small, rebuild_soon, write_built
from dialogue.marketing.segments.signals import SegmentFact, segment_changed
from dialogue.marketing.segments.trees import named_in, settled, way_back
from dialogue.platform.accounts.models import Membership as Place
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.criteria.rules import Compiler, RuleRefusal, any_of
from dialogue.platform.search.indexing import forget_records
from dialogue.platform.search.latin import in_latin

FIELDS = ("name", "note", "responsible_id", "tree")
LONGEST_NAME, LONGEST_CODE, LONGEST_NOTE = 120, 60, 5000


def locked(segment: Segment, by: Actor) -> Segment:
    """Return the segment, locked and read anew.

    Raises:
        NotFound: it is no longer there for the actor.
    """
    row = Segment.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=segment.pk).first()
    if row is None:
        raise NotFound(_("This segment is no longer here."))
    return row


def _in_code(word: str) -> str:
    # What search compares makes one letter of y and i, of w and v: words in Latin letters stay as they are.
    return word.lower() if word.isascii() else in_latin(word)


def _code(name: str) -> str:
    """Return a code in Latin letters that no segment of the company has, binned ones included."""
    begun = (
        re.sub(r"[^a-z0-9]+", "-", " ".join(map(_in_code, name.split()))).strip("-")[: LONGEST_CODE - 4].strip("-") or "segment"
    )
    taken = set(Segment.with_bin.filter(code__startswith=begun).values_list("code", flat=True))
    tries = [begun, *(f"{begun}-{number}" for number in range(2, len(taken) + 3))]
    return next(code for code in tries if code not in taken)


def _clean(row: Segment) -> None:
    row.name = " ".join(row.name.split())
    row.fold = row.name.casefold()[:LONGEST_NAME]
    row.note = row.note.strip()[:LONGEST_NOTE]
    errors: dict[str, str] = {}
    if not row.name or len(row.name) > LONGEST_NAME:
        errors["name"] = _("Give the segment a name of at most 120 characters.")
    elif Segment.objects.filter(fold=row.fold).exclude(pk=row.pk).exists():
        errors["name"] = _("There is another segment of this name: choose another one.")
    if row.responsible_id and not Place.objects.filter(user_id=row.responsible_id, is_active=True).exists():
        errors["responsible"] = _("Choose a member of the company.")
    if row.kind not in SegmentKind.values:
        errors["kind"] = _("Choose how the segment is filled.")
    if errors:
        raise InvalidInput(errors)


def checked_tree(tree: Any, by: Actor, before: Any = None) -> dict[str, Any]:
    """Return the rule as a segment keeps it: every part understood, "me" replaced by the member.

    What the rule of `before` named already may be named on by who does not see it; nothing more may.

    Raises:
        RuleRefusal: names the part at fault by its path.
    """
    if not isinstance(tree, dict):
        raise RuleRefusal(_('Each part of a rule must be an object such as {"field": …}.'), field="tree")
    kept: dict[str, Any] = settled(tree, party, by)
    asking = asking_for_all()
    new = set(named_in(kept)) - set(named_in(before))
    seen = set(Segment.objects.visible_to(by).filter(code__in=new).values_list("code", flat=True)) if new else set()
    Compiler(party, asking if new <= seen else replace(asking, actor=by)).compile(kept, "tree")
    return kept


def _use(row: Segment) -> None:
    """Note which segments the rule names.

    Raises:
        RuleRefusal: one of them leads back to this one.
    """
    codes = named_in(row.tree)
    known = dict(Segment.objects.filter(code__in=codes).values_list("code", "pk")) if codes else {}
    row.uses = sorted(known.values())
    if row.pk is None or not row.uses:
        return
    named_by = {pk: uses for pk, uses in Segment.objects.exclude(uses=[]).values_list("pk", "uses") if pk != row.pk}
    path = [row.pk] if row.pk in row.uses else way_back(row.pk, row.uses, named_by)
    if path:
        names = dict(Segment.objects.filter(pk__in=path).values_list("pk", "name")) | {row.pk: row.name}
        words = " → ".join(names.get(one, "?") for one in [row.pk, *path])
        raise RuleRefusal(
            _("A segment cannot rest on itself: %(path)s. Take one of them out of its rule.") % {"path": words},
            field="tree",
            code="rule-in-a-circle",
        )


def _keep_version(row: Segment, by: Actor) -> None:
    SegmentVersion.objects.create(
        segment=row, number=row.version, tree=row.tree, at=timezone.now(), by=by.user, by_label=by.label[:150]
    )


@action(permission=SegmentPermission.WRITE)
def create_segment(
    name: str,
    tree: Any = None,
    *,
    by: Actor,
    kind: str = SegmentKind.DYNAMIC,
    note: str = "",
    responsible: int | None = None,
    people: Sequence[int] | None = None,
) -> Segment:
    """Keep a rule as a segment and fill it; return it. A large company's is filled by a job that starts at once.

    `people` fills a static segment with these customers instead of a rule.

    Raises:
        InvalidInput: names every wrong field.
        RuleRefusal: names the part of the rule at fault by its path.
    """
    by_hand = people is not None
    if by_hand and kind != SegmentKind.STATIC:
        raise Refusal(_("Only a segment that is filled once takes chosen customers."), field="kind")
    row = Segment(name=name, kind=kind, note=note, created_by=by.user)
    row.responsible_id = responsible if responsible is not None else by.user
    _clean(row)
    row.tree = {} if by_hand else checked_tree({"all": []} if tree is None else tree, by)
    row.code = _code(row.name)
    _use(row)
    row.save()
    _keep_version(row, by)
    record(by, "segment.created", row, kind_of=row.kind)
    segment_changed.tell(SegmentFact(row, by))
    if by_hand:
        open_for(row.pk, _there(people or (), by))
        return write_built(row, size=count_living(row.pk))
    return rebuild_soon(row, by, small=is_small())


def _there(ids: Sequence[int], by: Actor) -> list[int]:
    return list(Party.objects.visible_to(by).filter(any_of("id", list(ids))).order_by("pk").values_list("pk", flat=True))


@action(permission=SegmentPermission.WRITE)
def change_segment(segment: Segment, *, by: Actor, etag: str = "", **fields: Any) -> Segment:
    """Change name, note, responsible (a user's id) or tree; return it. Another rule makes another version and is filled anew.

    Raises:
        InvalidInput: names every wrong field.
        RuleRefusal: the rule is wrong, or leads back to this segment.
        Conflict: a rule for a segment that is filled once.
        StaleEdit: somebody changed the same fields meanwhile.
    """
    wanted = {"responsible_id" if name == "responsible" else name: value for name, value in fields.items()}
    unknown = sorted(set(wanted) - set(FIELDS))
    if unknown:
        raise Refusal(_("“%(field)s” cannot be changed here.") % {"field": unknown[0]}, field=unknown[0])
    small = "tree" in wanted and is_small()
    if small:
        # The turn comes before the row, as in a rebuild: the other way round the two would wait for each other.
        one_at_a_time(segment.pk)
    row = locked(segment, by)
    if "tree" in wanted:
        wanted["tree"] = checked_tree(wanted["tree"], by, row.tree)
        if not row.is_dynamic and wanted["tree"] != row.tree:
            raise Conflict(
                _("This segment was filled once: to follow another rule copy it, or put people in and leave them out by hand."),
                field="tree",
            )
    refuse_stale(row, wanted, etag=etag)
    before = snapshot(row, list(FIELDS))
    for name, value in wanted.items():
        setattr(row, name, value)
    _clean(row)
    changes = difference(before, snapshot(row, list(FIELDS)))
    if not changes:
        return row
    if "tree" in changes:
        _use(row)
        row.version += 1
        _keep_version(row, by)
        changes["version"] = [row.version - 1, row.version]
        changes.pop("tree")
    row.save()
    record(by, "segment.changed", row, changes=changes)
    segment_changed.tell(SegmentFact(row, by))
    return rebuild_soon(row, by, small=small) if "version" in changes else row


COPY_PEOPLE = (
    "INSERT INTO segments_membership (tenant_id, segment_id, party_id, since) SELECT tenant_id, %s, party_id, %s"
    " FROM segments_membership WHERE tenant_id = %s AND segment_id = %s AND until IS NULL"
)


@action(permission=SegmentPermission.WRITE)
def copy_segment(segment: Segment, name: str, *, by: Actor) -> Segment:
    """Make another segment of the same rule, people and decisions by hand, to be changed on its own; return it.

    Raises:
        InvalidInput: the name is taken or missing.
    """
    source = locked(segment, by)
    row = Segment(name=name, kind=source.kind, note=source.note, tree=source.tree, uses=source.uses, created_by=by.user)
    row.responsible_id = by.user
    _clean(row)
    row.code = _code(row.name)
    row.save()
    _keep_version(row, by)
    picks = HandPick.objects.filter(segment=source)
    HandPick.objects.bulk_create(
        [
            HandPick(
                segment=row, party_id=pick.party_id, verdict=pick.verdict, note=pick.note, by=pick.by, by_label=pick.by_label
            )
            for pick in picks.iterator(chunk_size=2000)
        ],
        batch_size=2000,
    )
    with connection.cursor() as cursor:
        cursor.execute(COPY_PEOPLE, [row.pk, timezone.now(), current_tenant(), source.pk])
    record(by, "segment.copied", row, source=source.name)
    segment_changed.tell(SegmentFact(row, by))
    return write_built(row, size=count_living(row.pk))


@action(permission=SegmentPermission.WRITE)
def freeze_segment(segment: Segment, *, by: Actor) -> Segment:
    """Keep the people of now: a segment that followed its rule becomes one filled once; return it.

    Raises:
        Conflict: it is filled once already.
    """
    one_at_a_time(segment.pk)
    row = locked(segment, by)
    if not row.is_dynamic:
        raise Conflict(_("This segment is filled once already."))
    built = settle(row)
    row.kind = SegmentKind.STATIC
    write_built(row, built)
    row.save(update_fields=["kind", "updated_at"])
    record(by, "segment.frozen", row, count=built.size)
    segment_changed.tell(SegmentFact(row, by))
    return row


@action(permission=SegmentPermission.WRITE)
def bin_segment(segment: Segment, *, by: Actor) -> Segment:
    """Put a segment into the bin; return it.

    Raises:
        Conflict: rules of others name it; `used_in` lists them.
    """
    row = locked(segment, by)
    others = [str(one) for one in Segment.objects.naming(row.pk).by_name()]
    if others:
        words = ngettext(
            "To delete this segment take it out of the rule of %(names)s first.",
            "To delete this segment take it out of the rules of %(names)s first.",
            len(others),
        )
        raise Conflict(words % {"names": ", ".join(f"“{name}”" for name in others[:5])}, used_in=others)
    row.deleted_at = timezone.now()
    row.save(update_fields=["deleted_at", "updated_at"])
    record(by, "segment.binned", row)
    segment_changed.tell(SegmentFact(row, by))
    return row


@action(permission=SegmentPermission.WRITE)
def restore_segment(segment: Segment, *, by: Actor) -> Segment:
    """Take a segment out of the bin; return it.

    Raises:
        Conflict: its name is taken, or its rule names one that lies in the bin.
    """
    row = Segment.with_bin.visible_to(by).select_for_update(of=("self",)).filter(pk=segment.pk).first()
    if row is None:
        raise NotFound(_("This segment is no longer here."))
    if row.deleted_at is None:
        return row
    if Segment.objects.filter(fold=row.fold).exists():
        raise Conflict(_("There is another segment of this name: rename that one first."), field="name")
    missing = set(named_in(row.tree)) - set(Segment.objects.filter(pk__in=row.uses).values_list("code", flat=True))
    if missing:
        words = _("To restore this segment restore those its rule names first: %(names)s.")
        raise Conflict(words % {"names": ", ".join(sorted(missing))}, field="tree")
    row.deleted_at = None
    row.save(update_fields=["deleted_at", "updated_at"])
    record(by, "segment.restored", row)
    segment_changed.tell(SegmentFact(row, by))
    return row


def follow_merge(gone: int, kept: int) -> None:
    """Put the customer who stays into the segments filled once in which the one who went was."""
    static = Segment.with_bin.filter(kind=SegmentKind.STATIC).values("pk")
    for segment in (
        Membership.objects.current().filter(party_id=gone, segment_id__in=static).values_list("segment_id", flat=True)
    ):
        with transaction.atomic():
            open_for(segment, [kept])
            close_for(segment, [gone])


def forget_segment(segment: Segment) -> None:
    """Remove the memberships of a segment that is gone for good: they hold bare ids, so nothing cascades to them."""
    forget_records("segment", [segment.pk])
    Membership.objects.filter(segment_id=segment.pk).delete()
