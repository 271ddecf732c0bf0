"""Background work of a room that the company switched off does not run."""

from __future__ import annotations

from django.utils.translation import gettext as _

from dialogue.kit.rooms import room_of
from dialogue.platform.audit.verbs import LATER, actions
from dialogue.platform.jobs.kinds import job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.tenants.models import Tenant


def room_is_on(job: Job) -> str:
    """Return nothing, or why the job must not run."""
    off = Tenant.objects.values_list("rooms_off", flat=True).get(pk=job.tenant_id)
    if not off:
        return ""
    kind = job_kinds.find(job.kind)
    part = actions.get(str(job.arguments["action"])).function if job.kind == LATER else kind.run if kind else None
    return _("Its part of the product is switched off in the settings.") if room_of(part) in off else ""
