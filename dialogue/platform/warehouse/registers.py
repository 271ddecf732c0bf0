"""What the warehouse adds: the visible job that makes it, and its part of the night's work."""

from dialogue.platform.jobs.kinds import JobKind, job_kinds
from dialogue.platform.warehouse.copying import run_copy
from dialogue.platform.warehouse.starting import COPY  # its night work joins the registry, too

job_kinds.add(COPY, JobKind(run_copy))
