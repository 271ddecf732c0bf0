"""The office's own pages: home, company choice, sign-in by link, language, theme, jobs."""

from __future__ import annotations

from typing import cast

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dialogue.faces.office.registration import may_register
from dialogue.kit.home import home_panels
from dialogue.kit.scope import without_tenant
from dialogue.platform.accounts.doors import MemberRequest, company_of, member_page, open_page
from dialogue.platform.accounts.links import find_sign_in, use_sign_in
from dialogue.platform.accounts.models import Membership
from dialogue.platform.audit.actions import cancel_job, retry_job
from dialogue.platform.jobs.kinds import job_kinds
from dialogue.platform.jobs.models import Job, JobState
from dialogue.platform.tenants.models import Tenant

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@open_page
def home(request: HttpRequest) -> HttpResponseBase:
    """Show the company's home; outside a company lead to the person's only one or to the choice."""
    if not request.user.is_authenticated:
        return redirect("/account/login/")
    if company_of(request) is None:
        own = _own_companies(request)
        if len(own) == 1:
            return redirect(f"/c/{own[0].login}/")
        return redirect("/companies/")
    if getattr(request, "actor", None) is None:
        return render(request, "office/home.html", {"panels": []})
    return render(request, "office/home.html", {"panels": _home_panels(cast("MemberRequest", request))})


def _home_panels(request: MemberRequest) -> list[str]:
    """Return the boxes of the first page that this member may see."""
    shown = home_panels.within(request.company.rooms_off)
    return [panel.render(request) for panel in shown if not panel.permission or request.actor.can(panel.permission)]


def _own_companies(request: HttpRequest) -> list[Tenant]:
    with without_tenant("a person chooses among the companies he belongs to"):
        places = Membership._base_manager.filter(user_id=int(request.user.pk or 0), is_active=True).values_list(
            "tenant_id", flat=True
        )
        return list(Tenant.objects.filter(pk__in=list(places)).order_by("is_demo", "name"))


@open_page
def companies(request: HttpRequest) -> HttpResponseBase:
    """List the companies the person belongs to."""
    if not request.user.is_authenticated:
        return redirect("/account/login/")
    return render(
        request, "office/companies.html", {"companies": _own_companies(request), "may_register": may_register(request.user)}
    )


@open_page
def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show who signs in; only the button's POST uses the link up, so that a prefetching robot cannot."""
    if request.method == "POST":
        user = use_sign_in(token)
        if user is None:
            return render(request, "office/link_spent.html", status=410)
        login(request, user, backend=BACKEND)
        # allauth lists the sign-ins it made itself; this one belongs among them.
        UserSession.objects.create_from_request(request)
        return redirect("/")
    link = find_sign_in(token)
    if link is None:
        return render(request, "office/link_spent.html", status=410)
    return render(request, "office/sign_in_link.html", {"person": link.user})


def _back(request: HttpRequest) -> HttpResponseRedirect:
    target = request.POST.get("next") or request.headers.get("Referer") or "/"
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}):
        target = "/"
    return HttpResponseRedirect(target)


@open_page
@require_POST
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Keep the reader's language: on his account when signed in, in a cookie anyway."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise Http404
    if request.user.is_authenticated:
        request.user.language = language
        request.user.save(update_fields=["language"])
    response = _back(request)
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=31536000, samesite="Lax")
    return response


@open_page
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponseBase:
    """Keep the reader's theme on his account."""
    theme = request.POST.get("theme", "")
    if request.user.is_authenticated:
        request.user.theme = theme if theme in {"light", "dark"} else ""
        request.user.save(update_fields=["theme"])
    return _back(request)


@member_page
def job_list(request: MemberRequest) -> HttpResponse:
    """Show the member's background jobs, or all for who may manage jobs, newest first."""
    jobs = [(job, _job_link(job, request.actor.user)) for job in Job.objects.visible_to(request.actor).order_by("-id")[:100]]
    template = "office/jobs.html#rows" if request.headers.get("HX-Request") else "office/jobs.html"
    return render(request, template, {"jobs": jobs})


def _job_link(job: Job, reader: int | None) -> str:
    kind = job_kinds.find(job.kind)
    wanted = job.state == JobState.DONE and job.actor == reader
    return kind.link(job) if wanted and kind and kind.link else ""


@member_page
@require_POST
def job_verb(request: MemberRequest, pk: int, verb: str) -> HttpResponse:
    """Cancel a job or run it again."""
    job = get_object_or_404(Job.objects.visible_to(request.actor), pk=pk)
    verbs = {"cancel": cancel_job, "retry": retry_job}
    if verb not in verbs:
        raise Http404
    verbs[verb](job, by=request.actor)
    return redirect("job_list")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Show that this may not be done; our own refusals say more and come from elsewhere."""
    return render(request, "office/refusal.html", {"refusal": {"message": _("You may not do this.")}}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that nothing is here, with ways on."""
    return render(request, "office/not_found.html", status=404)


def fault(request: HttpRequest) -> HttpResponse:
    """Say that the fault is ours and that nothing was changed."""
    return render(request, "office/fault.html", status=500)
