"""Verbs over sources."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _

from dialogue.customers.sources.models import Source, SourceKind, fold_name
from dialogue.customers.sources.permissions import SourcePermission
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, Refusal
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action


@action(permission=SourcePermission.WRITE)
def create_source(
    *,
    name: str,
    by: Actor,
    kind: str = SourceKind.ACTIVITY,
    parent: Source | None = None,
    started_on: date | None = None,
    ended_on: date | None = None,
) -> Source:
    """Create a programme, campaign or step and return it.

    Raises:
        Refusal: the name is empty or the end lies before the start.
        Conflict: there is one of this name already.
    """
    name = " ".join(name.split())[:160]
    if not name:
        raise Refusal(_("To create a campaign give it a name."), field="name")
    if started_on and ended_on and ended_on < started_on:
        raise Refusal(_("The end must not lie before the start."), field="ended_on")
    if Source.objects.filter(kind=kind, parent=parent, fold=fold_name(name)).exists():
        raise Conflict(_("To create another campaign give another name: this one is taken."), field="name")
    row = Source.objects.create(
        kind=kind, name=name, fold=fold_name(name), parent=parent, started_on=started_on, ended_on=ended_on
    )
    record(by, "source.created", row)
    return row


@action(permission=SourcePermission.WRITE)
def rename_source(source: Source, name: str, *, by: Actor) -> Source:
    """Give a source another name and return it; where another one has it a number is added.

    Raises:
        Refusal: the name is empty.
    """
    row = Source.objects.select_for_update().get(pk=source.pk)
    name = " ".join(name.split())[:150]
    if not name:
        raise Refusal(_("To create a campaign give it a name."), field="name")
    others = Source.objects.filter(kind=row.kind, parent=row.parent_id).exclude(pk=row.pk)
    wanted, number = name, 1
    while others.filter(fold=fold_name(wanted)).exists():
        number += 1
        wanted = f"{name} ({number})"
    before, row.name, row.fold = row.name, wanted, fold_name(wanted)
    if before != row.name:
        row.save(update_fields=["name", "fold", "updated_at"])
        record(by, "source.renamed", row, changes={"name": [before, row.name]})
    return row


@action(permission=SourcePermission.WRITE)
def ensure_sources(
    names: Iterable[str], *, by: Actor, kind: str = SourceKind.ACTIVITY, created: list[int] | None = None
) -> dict[str, Source]:
    """Return `{name as given: source}`, creating those that are missing; the ids of the new ones are added to `created`."""
    wanted = {fold_name(name): " ".join(name.split())[:160] for name in names if name.strip()}
    known = {row.fold: row for row in Source.objects.filter(kind=kind, parent=None, fold__in=wanted)}
    fresh = [Source(kind=kind, name=name, fold=fold) for fold, name in wanted.items() if fold not in known]
    for row in Source.objects.bulk_create(fresh):
        known[row.fold] = row
        record(by, "source.created", row)
        if created is not None:
            created.append(row.pk)
    return {name: known[fold_name(name)] for name in names if name.strip()}
