"""What imports add: permissions, audit words, jobs, the menu's line."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dialogue.kit.commands import Command, commands
from dialogue.kit.menu import MenuItem, menu_items
from dialogue.kit.night import night_works
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.imports.actions import RUN_JOB, TRY_JOB, UNDO_JOB
from dialogue.platform.imports.clearing import DAYS, forget_import_files
from dialogue.platform.imports.models import KIND
from dialogue.platform.imports.permissions import ImportPermission
from dialogue.platform.imports.running import run_import, try_import
from dialogue.platform.imports.undoing import undo_import
from dialogue.platform.jobs.kinds import JobKind, job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.tenants.registry import Setting, company_settings

permission_groups.add(
    "imports",
    PermissionGroup(
        label=_("Imports"),
        permissions={
            ImportPermission.RUN: _("Import files"),
            ImportPermission.UNDO: _("Undo imports"),
        },
        kind=KIND,
    ),
    weight=850,
)
event_words.add("import.prepared", _("uploaded a file to import"))
event_words.add("import.started", _("started an import"))
event_words.add("import.resumed", _("went on with an import"))
event_words.add("import.stopped", _("stopped an import"))
event_words.add("import.done", _("finished an import"))
event_words.add("import.cancelled", _("stopped an import"))
event_words.add("import.failed", _("could not finish an import"))
event_words.add("import.undone", _("undid an import"))
event_words.add("import.dropped", _("deleted the draft of an import"))
event_words.add("import.files_removed", _("removed old imported files"))
event_words.add("import.profile_saved", _("saved a profile of imports"))


def _page_of(job: Job) -> str:
    return reverse("import", args=[job.arguments["run"]])


job_kinds.add(RUN_JOB, JobKind(run=run_import, link=_page_of))
job_kinds.add(TRY_JOB, JobKind(run=try_import, link=_page_of))
job_kinds.add(UNDO_JOB, JobKind(run=undo_import, link=_page_of))
menu_items.add(
    "imports",
    MenuItem(label=_("Imports"), url_name="import_list", group="house", permission=ImportPermission.RUN, icon="imports"),
    weight=940,
)
commands.add(
    "import.new",
    Command(_("New import"), "import_new", permission=ImportPermission.RUN, words=_("load file csv excel upload")),
)
company_settings.add(
    DAYS,
    Setting(
        label=_("Days that imported files are kept"),
        kind=int,
        default=180,
        hint=_("After the last use; what became of each row and the undo stay."),
        least=1,
        most=3650,
    ),
)
night_works.add("imports", forget_import_files)
