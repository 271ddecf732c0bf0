"""The page on which campaigns of the time before are taken over."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from dialogue.kit.doors import whole_numbers
from dialogue.kit.errors import InvalidInput, NotPermitted
from dialogue.kit.figures import print_count
from dialogue.marketing.campaigns.past import past_sources, take_over_past
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.platform.accounts.doors import MemberRequest, member_page


@member_page
@require_http_methods(["GET", "HEAD", "POST"])
def campaign_past(request: MemberRequest) -> HttpResponseBase:
    """Show the campaigns that an import tells of; take over the chosen ones.

    Raises:
        NotPermitted: the member may not plan campaigns.
    """
    if not request.actor.can(CampaignPermission.WRITE):
        raise NotPermitted(_("To plan campaigns you must have the right to. Ask your administrator."))
    wrong = ""
    if request.method == "POST":
        chosen = whole_numbers(request.POST.getlist("sources"))
        try:
            made = take_over_past(chosen, by=request.actor)
        except InvalidInput as refusal:
            wrong = str(refusal.errors["sources"])
        else:
            words = ngettext("%(count)s campaign was taken over.", "%(count)s campaigns were taken over.", len(made))
            messages.success(request, words % {"count": len(made)})
            return redirect("campaign_page", pk=made[0].pk) if len(made) == 1 else redirect("campaign_list")
    past = [(one, print_count(one.people), *one.days(request.company)) for one in past_sources()]
    return render(request, "campaigns/past.html", {"past": past, "wrong": wrong}, status=422 if wrong else 200)
