"""The words of a company: its tags and its kinds of relation, with those every company starts with."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Max
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from dialogue.customers.parties.drafts import ENTITY
from dialogue.customers.parties.models import PartyTag, RelationGroup, RelationType, Tag
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.customers.parties.rules import one_line
from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.platform.criteria.actions import code_of


class Words(NamedTuple):
    """A kind of relation in both directions."""

    code: str
    group: RelationGroup
    forward: str | Promise
    reverse: str | Promise


BUILT_IN = (
    Words("works_at", RelationGroup.EMPLOYMENT, pgettext_lazy("relation", "works at"), pgettext_lazy("relation", "employs")),
    Words(
        "decides_for",
        RelationGroup.DECISION,
        pgettext_lazy("relation", "decides for"),
        pgettext_lazy("relation", "decisions are made by"),
    ),
    Words(
        "influences",
        RelationGroup.DECISION,
        pgettext_lazy("relation", "influences"),
        pgettext_lazy("relation", "is influenced by"),
    ),
    Words("uses_for", RelationGroup.DECISION, pgettext_lazy("relation", "uses for"), pgettext_lazy("relation", "is used by")),
    Words(
        "pays_for", RelationGroup.DECISION, pgettext_lazy("relation", "pays for"), pgettext_lazy("relation", "is paid for by")
    ),
    Words("owns", RelationGroup.OWNERSHIP, pgettext_lazy("relation", "owns"), pgettext_lazy("relation", "belongs to")),
    Words(
        "parent_company",
        RelationGroup.OWNERSHIP,
        pgettext_lazy("relation", "is the parent company of"),
        pgettext_lazy("relation", "is a subsidiary of"),
    ),
    Words(
        "supplies", RelationGroup.BUSINESS, pgettext_lazy("relation", "supplies"), pgettext_lazy("relation", "is supplied by")
    ),
    Words(
        "partner",
        RelationGroup.BUSINESS,
        pgettext_lazy("relation", "is a partner of"),
        pgettext_lazy("relation", "is a partner of"),
    ),
    Words(
        "recommended",
        RelationGroup.BUSINESS,
        pgettext_lazy("relation", "recommended us to"),
        pgettext_lazy("relation", "learned of us from"),
    ),
    Words(
        "married", RelationGroup.FAMILY, pgettext_lazy("relation", "is married to"), pgettext_lazy("relation", "is married to")
    ),
    Words(
        "parent", RelationGroup.FAMILY, pgettext_lazy("relation", "is a parent of"), pgettext_lazy("relation", "is a child of")
    ),
    Words(
        "relative",
        RelationGroup.FAMILY,
        pgettext_lazy("relation", "is a relative of"),
        pgettext_lazy("relation", "is a relative of"),
    ),
)
DECISION_CODES = ("decides_for", "influences", "uses_for", "pays_for")


def make_relation_types() -> None:
    """Make the built-in kinds of relation of the open company, in the active language; those that exist stay."""
    RelationType.objects.bulk_create(
        [
            RelationType(
                code=one.code,
                group=one.group,
                forward=str(one.forward),
                reverse=str(one.reverse),
                built_in=True,
                position=number,
            )
            for number, one in enumerate(BUILT_IN)
        ],
        ignore_conflicts=True,
    )


def _clean_name(name: str) -> str:
    name = one_line(name)[:60]
    if not name:
        raise Refusal(_("Give the tag a name."), field="name")
    return name


@action(permission=PartyPermission.SETTINGS)
def add_tag(name: str, *, by: Actor) -> Tag:
    """Add a tag; return it.

    Raises:
        Refusal: no name, or it exists.
    """
    name = _clean_name(name)
    if Tag.objects.filter(entity=ENTITY, fold=name.casefold()).exists():
        raise Refusal(_("There is such a tag already."), field="name")
    made: Tag = Tag.objects.create(entity=ENTITY, name=name, fold=name.casefold())
    record(by, "tag.changed", made, changes={"name": [None, name]})
    return made


@action(permission=PartyPermission.SETTINGS)
def rename_tag(tag: Tag, name: str, *, by: Actor) -> Tag:
    """Rename a tag; the name of another one merges the two; return what stays.

    Raises:
        Refusal: no name.
    """
    name = _clean_name(name)
    row = Tag.objects.select_for_update().get(pk=tag.pk)
    other = Tag.objects.filter(entity=ENTITY, fold=name.casefold()).exclude(pk=row.pk).first()
    changes = {"name": [row.name, name]}
    if other is None:
        row.name, row.fold = name, name.casefold()
        row.save()
        record(by, "tag.changed", row, changes=changes)
        return row
    worn = PartyTag.objects.filter(tag=other).values("party_id")
    PartyTag.objects.filter(tag=row, party_id__in=worn).delete()
    PartyTag.objects.filter(tag=row).update(tag=other)
    record(by, "tag.merged", other, changes=changes)
    row.delete()
    return other


@action(permission=PartyPermission.SETTINGS)
def remove_tag(tag: Tag, *, by: Actor) -> None:
    """Delete a tag and take it off every customer."""
    count = PartyTag.objects.filter(tag=tag).count()
    PartyTag.objects.filter(tag=tag).delete()
    record(by, "tag.removed", tag, count=count)
    tag.delete()


def _clean_words(forward: str, reverse: str, group: str) -> tuple[str, str]:
    errors = {}
    first, second = one_line(forward)[:80], one_line(reverse)[:80]
    if not first:
        errors["forward"] = _("Give the words from the first to the second, for example “works at”.")
    if not second:
        errors["reverse"] = _("Give the words from the second to the first, for example “employs”.")
    if group not in RelationGroup.values:
        errors["group"] = _("Choose what the relation is about.")
    if errors:
        raise InvalidInput(errors)
    return first, second


@action(permission=PartyPermission.SETTINGS)
def add_relation_type(*, forward: str, reverse: str, group: str, by: Actor) -> RelationType:
    """Add a kind of relation; return it.

    Raises:
        InvalidInput: words are missing, or an unknown group.
    """
    first, second = _clean_words(forward, reverse, group)
    taken = set(RelationType.objects.values_list("code", flat=True))
    stem = code_of(first)[:26]
    code = next(made for made in (stem, *(f"{stem}_{number}" for number in range(2, 1000))) if made not in taken)
    last = RelationType.objects.aggregate(last=Max("position"))["last"] or 0
    made: RelationType = RelationType.objects.create(code=code, group=group, forward=first, reverse=second, position=last + 1)
    record(by, "relation_type.changed", made, changes={"forward": [None, first], "reverse": [None, second]})
    return made


@action(permission=PartyPermission.SETTINGS)
def change_relation_type(row: RelationType, *, forward: str, reverse: str, group: str, by: Actor) -> RelationType:
    """Change the words of a kind of relation; its code stays; return it.

    Raises:
        InvalidInput: words are missing, or an unknown group.
    """
    first, second = _clean_words(forward, reverse, group)
    kept = RelationType.objects.select_for_update().get(pk=row.pk)
    before = snapshot(kept, ["forward", "reverse", "group"])
    kept.forward, kept.reverse, kept.group = first, second, group
    kept.save()
    record(by, "relation_type.changed", kept, changes=difference(before, snapshot(kept, ["forward", "reverse", "group"])))
    return kept


@action(permission=PartyPermission.SETTINGS)
def archive_relation_type(row: RelationType, *, archived: bool, by: Actor) -> RelationType:
    """Take a kind of relation out of use, or use it again; relations of the kind stay; return it."""
    kept = RelationType.objects.select_for_update().get(pk=row.pk)
    kept.archived_at = timezone.now() if archived else None
    kept.save()
    record(by, "relation_type.archived" if archived else "relation_type.restored", kept)
    return kept
