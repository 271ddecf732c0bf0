"""The settings pages of customers: tags and kinds of relation."""

from __future__ import annotations

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dialogue.customers.parties import vocabulary
from dialogue.customers.parties.drafts import ENTITY
from dialogue.customers.parties.models import RelationGroup, RelationType, Tag
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page


def _may(request: MemberRequest) -> None:
    if not request.actor.can(PartyPermission.SETTINGS):
        raise NotPermitted(_("To set up tags and relations you must have the permission for it. Ask your administrator."))


@member_page
@require_http_methods(["GET", "POST"])
def tags(request: MemberRequest) -> HttpResponse:
    """Show the tags with how many customers wear each, or add one."""
    _may(request)
    refusal = None
    if request.method == "POST":
        try:
            vocabulary.add_tag(request.POST.get("name", ""), by=request.actor)
            return redirect("party_tags")
        except Refusal as refused:
            refusal = refused
    live = Q(partytag__party__deleted_at=None)
    rows = Tag.objects.filter(entity=ENTITY).annotate(worn=Count("partytag", filter=live)).order_by("fold")
    return render(request, "parties/tags.html", {"tags": rows, "refusal": refusal}, status=422 if refusal else 200)


@member_page
@require_http_methods(["GET", "POST"])
def tag(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the dialog of a tag, or rename, merge or delete it."""
    _may(request)
    row = get_object_or_404(Tag.objects.filter(entity=ENTITY), pk=pk)
    if request.method == "GET":
        return render(request, "parties/tag.html", {"tag": row, "name": row.name})
    try:
        if request.POST.get("verb") == "remove":
            vocabulary.remove_tag(row, by=request.actor)
        else:
            vocabulary.rename_tag(row, request.POST.get("name", ""), by=request.actor)
    except Refusal as refusal:
        context = {"tag": row, "name": request.POST.get("name", ""), "refusal": refusal}
        return render(request, "parties/tag.html", context, status=422)
    return _again()


def _again() -> HttpResponse:
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


@member_page
def relation_types(request: MemberRequest) -> HttpResponse:
    """Show the kinds of relation with their words from both sides."""
    _may(request)
    rows = list(RelationType.objects.order_by("position", "id"))
    context = {
        "live": [row for row in rows if row.archived_at is None],
        "archived": [row for row in rows if row.archived_at is not None],
    }
    return render(request, "parties/relation_types.html", context)


@member_page
@require_http_methods(["GET", "POST"])
def relation_type(request: MemberRequest, pk: int = 0) -> HttpResponse:
    """Show the dialog of a kind of relation, or add, change, archive or restore it."""
    _may(request)
    row = get_object_or_404(RelationType.objects.all(), pk=pk) if pk else None
    context = {"type": row, "groups": RelationGroup.choices}
    if request.method == "GET":
        given = {"forward": row.forward, "reverse": row.reverse, "group": row.group} if row else {"group": "business"}
        return render(request, "parties/relation_type.html", context | {"given": given})
    given = request.POST.dict()
    words = {name: given.get(name, "") for name in ("forward", "reverse", "group")}
    try:
        if row is None:
            vocabulary.add_relation_type(by=request.actor, **words)
        elif given.get("verb") in {"archive", "restore"}:
            vocabulary.archive_relation_type(row, by=request.actor, archived=given["verb"] == "archive")
        else:
            vocabulary.change_relation_type(row, by=request.actor, **words)
    except Refusal as refusal:
        return render(request, "parties/relation_type.html", context | {"given": given, "refusal": refusal}, status=422)
    return _again()
