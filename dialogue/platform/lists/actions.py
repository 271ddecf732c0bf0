"""Verbs over lists: keep a view, change many rows at once, take that back."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, NotPermitted, Refusal
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job
from dialogue.platform.lists.models import BulkEdit, ListState, SavedView
from dialogue.platform.lists.pages import PAGE_SIZES, BulkVerb, ListPage
from dialogue.platform.lists.permissions import ListPermission

BATCH = 1000
MOST_ROWS = 20_000


@action()
def save_view(
    page: ListPage, name: str, query: dict[str, list[str]], *, by: Actor, columns: list[str], shared: bool
) -> SavedView:
    """Keep the filter, columns and order under a name; a view of the same name and owner is replaced; return it.

    Raises:
        Refusal: no name.
        NotPermitted: sharing without the right.
    """
    name = " ".join(name.split())[:80]
    if not name:
        raise Refusal(_("Give the view a name."), field="name")
    if shared and not by.can(ListPermission.SHARE):
        raise NotPermitted(_("To share a view with the company you must have the right to share views."))
    owner: Any = None if shared else by.user
    view, _made = SavedView.objects.update_or_create(
        page=page.name, name=name, owner_id=owner, defaults={"query": query, "columns": columns}
    )
    record(by, "list.view_saved", view, page=page.name, shared=shared)
    return view


@action()
def delete_view(view: SavedView, *, by: Actor) -> None:
    """Forget a view.

    Raises:
        NotPermitted: it is the company's and the member may not share views.
    """
    if view.owner_id != by.user and not by.can(ListPermission.SHARE):
        raise NotPermitted(_("To delete a shared view you must have the right to share views."))
    record(by, "list.view_deleted", view, page=view.page)
    view.delete()


@action()
def keep_list_state(page: ListPage, *, by: Actor, columns: list[str], size: int) -> ListState:
    """Remember the member's columns and page size for this list; return what is kept."""
    known = page.of().every_field()
    kept = [name for name in columns if name in known]
    state, _made = ListState.objects.update_or_create(
        page=page.name,
        user_id=int(by.user or 0),
        defaults={"columns": kept, "size": size if size in PAGE_SIZES else PAGE_SIZES[1]},
    )
    record(by, "list.columns_chosen", state, page=page.name, columns=kept)
    return state


@action(permission=ListPermission.BULK)
def bulk_edit(page: ListPage, verb: BulkVerb, ids: list[int], value: Any, *, by: Actor) -> BulkEdit:
    """Change one field of many rows; return the edit, which can be undone.

    Raises:
        NotPermitted: the verb needs a permission the member lacks.
        Refusal: no rows, or more than a bulk edit takes.
    """
    if not by.can(verb.permission):
        raise NotPermitted(_("To do this to many rows you must have the permission for one of them."))
    if not ids:
        raise Refusal(_("Select the rows to change first."), field="ids")
    if len(ids) > MOST_ROWS:
        raise Refusal(_("A bulk edit takes at most %(most)d rows: narrow the filter.") % {"most": MOST_ROWS}, field="ids")
    before: dict[int, Any] = {}
    for start in range(0, len(ids), BATCH):
        before |= verb.run(ids[start : start + BATCH], value, by)
    edit = BulkEdit.objects.create(
        page=page.name,
        verb=verb.code,
        value=value,
        before={str(pk): old for pk, old in before.items()},
        count=len(before),
        by_user=by.user,
        by_label=by.label,
    )
    record(
        by, "list.bulk_edited", edit, kind=page.of().model._meta.label_lower, field=verb.field, value=value, count=len(before)
    )
    return edit


@action(permission=ListPermission.BULK)
def undo_bulk_edit(edit: BulkEdit, page: ListPage, *, by: Actor) -> BulkEdit:
    """Put back what the rows held before, but for rows somebody has changed since; return the edit.

    Raises:
        Conflict: it was undone already.
    """
    row = BulkEdit.objects.select_for_update().get(pk=edit.pk)
    if row.undone_at:
        raise Conflict(_("This change has been undone already."))
    verb = next(verb for verb in page.verbs() if verb.code == row.verb)
    if not by.can(verb.permission):
        raise NotPermitted(_("To do this to many rows you must have the permission for one of them."))
    befores = {int(pk): old for pk, old in row.before.items()}
    ids, restored = list(befores), 0
    for start in range(0, len(ids), BATCH):
        part = {pk: befores[pk] for pk in ids[start : start + BATCH]}
        restored += len(verb.restore(part, row.value, by))
    row.undone_at = timezone.now()
    row.restored = restored
    row.save()
    record(by, "list.bulk_undone", row, kind=page.of().model._meta.label_lower, count=restored, kept=row.count - restored)
    return row


def still_holding(field: str, after: Any, ids: list[int]) -> Q:
    """Return the rows that still hold what a bulk edit set."""
    return Q(pk__in=ids, **({field: after} if after is not None else {f"{field}__isnull": True}))


@action(permission=ListPermission.EXPORT)
def export_list(page: ListPage, query: str, form: str, language: str, *, by: Actor) -> Job:
    """Queue the export of all rows that match; return the job, whose result names the file."""
    job = start_job(
        "lists.export",
        title=_("Export: %(list)s (%(form)s)") % {"list": page.title, "form": form.upper()},
        by=by,
        arguments={"page": page.name, "query": query, "form": form, "user": by.user, "language": language},
    )
    record(by, "list.exported", job, page=page.name, form=form)
    return job
