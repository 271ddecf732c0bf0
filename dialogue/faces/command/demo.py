"""The demonstration company's data, loaded by a job that its Jobs page shows.

The contents live in `dialogue.demo`, whose `load(run)` is called with the running job inside the company's scope; it
tells its progress through `run.advance`, returns what it made, and may be called again after a kill.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from dialogue.kit.actors import system_actor
from dialogue.kit.scope import tenant_scope
from dialogue.platform.jobs.kinds import JobKind, JobRun, job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job
from dialogue.platform.tenants.models import Tenant

KIND = "demo.load"
CONTENTS = "dialogue.demo"


def load(run: JobRun) -> dict[str, Any]:
    """Fill the demonstration company; return what was made."""
    if find_spec(CONTENTS) is None:
        return {"loaded": 0}
    made: dict[str, Any] = import_module(CONTENTS).load(run) or {}
    return made


def load_later(company: Tenant) -> Job:
    """Queue the loading in the caller's transaction; return the job.

    Raises:
        ValueError: not a demonstration company; a real one is never filled with invented people.
    """
    if not company.is_demo:
        message = "Only a demonstration company is filled with invented data."
        raise ValueError(message)
    with tenant_scope(company.pk), translation.override(company.language):
        return start_job(KIND, title=_("Fill the demonstration company"), by=system_actor(company.pk), arguments={})


job_kinds.add(KIND, JobKind(run=load))
