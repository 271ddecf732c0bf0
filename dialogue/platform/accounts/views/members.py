"""The settings pages of members, teams and roles."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dialogue.kit.doors import whole_number, whole_numbers
from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.kit.permissions import permission_groups
from dialogue.kit.rows import etag_of
from dialogue.platform.accounts.actions import invite_member, remove_member
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.accounts.links import make_sign_in_token, may_show_link
from dialogue.platform.accounts.models import Membership, Role, Team
from dialogue.platform.accounts.permissions import CompanyPermission
from dialogue.platform.accounts.places import change_member, reach_kinds, remove_role, remove_team, save_role, save_team


def _refuse_outsider(request: MemberRequest) -> None:
    if not request.actor.can(CompanyPermission.MEMBERS):
        raise NotPermitted(_("To manage members you must be allowed to. Ask your administrator."))


def _chosen(request: MemberRequest) -> tuple[list[Role], Team | None]:
    numbers = whole_numbers(request.POST.getlist("roles"))
    return list(Role.objects.filter(pk__in=numbers)), Team.objects.filter(
        pk=whole_number(request.POST.get("team")) or 0
    ).first()


def _context(request: MemberRequest) -> dict[str, Any]:
    places = Membership.objects.select_related("user", "team").prefetch_related("roles").order_by("-is_active", "user__name")
    return {
        "places": places,
        "teams": Team.objects.annotate(members=Count("membership", filter=Q(membership__is_active=True))).order_by("name"),
        "roles": Role.objects.order_by("id"),
        "may_write": request.actor.can(CompanyPermission.MEMBERS),
        "given": {},
    }


@member_page
def settings_members(request: MemberRequest) -> HttpResponse:
    """Show members and teams; take an invitation and show its one-time link."""
    error, link, invited = None, "", None
    if request.method == "POST":
        _refuse_outsider(request)
        roles, team = _chosen(request)
        try:
            invited = invite_member(
                request.POST.get("email", ""), roles=roles, by=request.actor, name=request.POST.get("name", ""), team=team
            )
            # The link signs in as this person: only one whose place this company alone gives may get it shown.
            link = f"{settings.SITE_URL}/sign-in/{make_sign_in_token(invited.user)}/" if may_show_link(invited.user) else ""
        except Refusal as refused:
            if isinstance(refused, NotPermitted):
                raise
            error = refused
            request.undo = True
    context = _context(request) | {"error": error, "link": link, "invited": invited}
    if error:
        context["given"] = request.POST
    return render(request, "accounts/members.html", context, status=422 if error else 200)


@member_page
def settings_member(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one member's roles, team and position, and take changes."""
    _refuse_outsider(request)
    place = get_object_or_404(Membership.objects.select_related("user", "team"), pk=pk)
    error = None
    if request.method == "POST":
        roles, team = _chosen(request)
        title, etag = request.POST.get("title", ""), request.POST.get("etag", "")
        try:
            change_member(place, by=request.actor, roles=roles, team=team, title=title, etag=etag)
            return redirect("settings_members")
        except Refusal as refused:
            if refused.status in {403, 412}:
                raise
            error = refused
            request.undo = True
    held = {role.pk for role in place.roles.all()}
    context = _context(request) | {"place": place, "held": held, "error": error, "etag": etag_of(place)}
    return render(request, "accounts/member.html", context, status=422 if error else 200)


@member_page
@require_POST
def settings_member_remove(request: MemberRequest, pk: int) -> HttpResponseRedirect:
    """Close a member's place."""
    place = get_object_or_404(Membership.objects.select_related("user"), pk=pk, is_active=True)
    remove_member(place, by=request.actor)
    messages.success(request, _("%(name)s is no longer a member.") % {"name": place.user})
    return redirect("settings_members")


@member_page
@require_POST
def settings_team(request: MemberRequest) -> HttpResponseRedirect:
    """Make a team, rename or dissolve one."""
    number = whole_number(request.POST.get("team"))
    team = None if number is None else get_object_or_404(Team, pk=number)
    if team and "remove" in request.POST:
        remove_team(team, by=request.actor)
    else:
        save_team(request.POST.get("name", ""), by=request.actor, team=team)
    return redirect("settings_members")


@member_page
def settings_roles(request: MemberRequest) -> HttpResponse:
    """Show the company's roles."""
    _refuse_outsider(request)
    roles = Role.objects.annotate(holders=Count("membershiprole", filter=Q(membershiprole__membership__is_active=True)))
    return render(request, "accounts/roles.html", {"roles": roles.order_by("id")})


def _groups(held: set[str]) -> list[dict[str, Any]]:
    return [
        {
            "label": group.label,
            "permissions": [(str(name), words, str(name) in held) for name, words in group.permissions.items()],
        }
        for group in permission_groups
    ]


@member_page
def settings_role(request: MemberRequest, pk: int = 0) -> HttpResponse:
    """Show one role, or an empty one, and take changes."""
    _refuse_outsider(request)
    role = get_object_or_404(Role, pk=pk) if pk else None
    error, name, held, reach = (
        None,
        role.name if role else "",
        set(role.permissions if role else []),
        dict(role.reach if role else {}),
    )
    if request.method == "POST":
        name, held = request.POST.get("name", ""), set(request.POST.getlist("permissions"))
        reach = {kind: request.POST.get(f"reach.{kind}", "") for kind in ["*", *reach_kinds()]}
        reach = {kind: value for kind, value in reach.items() if value}
        try:
            etag = request.POST.get("etag", "")
            save_role(name, by=request.actor, permissions=held, reach=reach, role=role, etag=etag)
            return redirect("settings_roles")
        except Refusal as refused:
            if refused.status in {403, 412}:
                raise
            error = refused
            request.undo = True
    kinds = [(kind, words, reach.get(kind, "")) for kind, words in reach_kinds().items()]
    context = {
        "role": role,
        "name": name,
        "groups": _groups(held),
        "everywhere": reach.get("*", "own"),
        "kinds": kinds,
        "error": error,
        "etag": etag_of(role) if role else "",
    }
    return render(request, "accounts/role.html", context, status=422 if error else 200)


@member_page
@require_POST
def settings_role_remove(request: MemberRequest, pk: int) -> HttpResponseRedirect:
    """Remove a role that nobody holds."""
    remove_role(get_object_or_404(Role, pk=pk), by=request.actor)
    return redirect("settings_roles")
