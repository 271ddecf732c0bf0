"""What lists add: permissions and audit words."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.kit.reference import Reference, references
from dialogue.platform.audit.events import event_words
from dialogue.platform.jobs.kinds import JobKind, job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.lists.exports import export_rows
from dialogue.platform.lists.models import STATES, VIEWS
from dialogue.platform.lists.permissions import ListPermission

permission_groups.add(
    "lists",
    PermissionGroup(
        label=_("Lists"),
        permissions={
            ListPermission.EXPORT: _("Export lists"),
            ListPermission.SHARE: _("Share views with the company"),
            ListPermission.BULK: _("Change many rows at once"),
        },
    ),
    weight=800,
)
event_words.add("list.view_saved", _("saved a view"))
event_words.add("list.view_deleted", _("deleted a view"))
event_words.add("list.columns_chosen", _("chose the columns of a list"))
event_words.add("list.bulk_edited", _("changed many rows at once"))
event_words.add("list.bulk_undone", _("undid a change of many rows"))
event_words.add("list.exported", _("exported a list"))


def _file_of(job: Job) -> str:
    return reverse("list_export_file", args=[job.pk])


job_kinds.add("lists.export", JobKind(run=export_rows, link=_file_of))
references.add(VIEWS, Reference(models=("lists.SavedView",)))
references.add(STATES, Reference(models=("lists.ListState",), own="user_id"))
