"""What lists add: permissions and audit words."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dialogue.kit.night import night_works
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.kit.reference import Reference, references
from dialogue.platform.audit.events import event_words
from dialogue.platform.jobs.kinds import JobKind, job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.lists.clearing import DAYS, forget_exports
from dialogue.platform.lists.exports import export_rows
from dialogue.platform.lists.models import STATES, VIEWS
from dialogue.platform.lists.permissions import ListPermission
from dialogue.platform.tenants.registry import Setting, company_settings

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
    return reverse("list_export_file", args=[job.pk]) if job.result.get("file") else ""


company_settings.add(
    DAYS,
    Setting(
        label=_("Days that exported files are kept"),
        kind=int,
        default=14,
        hint=_("The files of lists taken along wait under background jobs."),
        least=1,
        most=3650,
    ),
)
night_works.add("exports", forget_exports)
event_words.add("list.exports_removed", _("removed old exported files"))
job_kinds.add("lists.export", JobKind(run=export_rows, link=_file_of))
references.add(VIEWS, Reference(models=("lists.SavedView",)))
references.add(STATES, Reference(models=("lists.ListState",), own="user_id"))
