"""What tasks add: permissions, audit words, the list, panels, menu, a command, a notice."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.cards import Panel, Place, card_panels
from dialogue.customers.parties.fields import party
from dialogue.customers.tasks import lists, marts  # noqa: F401  what they declare registers itself
from dialogue.customers.tasks.actions import GIVEN, restore_tasks
from dialogue.customers.tasks.fields import ENTITY
from dialogue.customers.tasks.models import Task
from dialogue.customers.tasks.panels import OF_PARTY, home_panel, party_panel
from dialogue.customers.tasks.permissions import KIND, TaskPermission
from dialogue.kit.actors import Actor
from dialogue.kit.commands import Command, commands
from dialogue.kit.home import HomePanel, home_panels
from dialogue.kit.menu import MenuItem, menu_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.kinds import RecordKind, record_kinds
from dialogue.platform.criteria.fields import Relation
from dialogue.platform.notices.kinds import notice_kinds
from dialogue.platform.tenants.registry import optional_rooms

permission_groups.add(
    "tasks",
    PermissionGroup(
        label=_("Tasks"),
        permissions={
            TaskPermission.WRITE: _("Set, change and do tasks"),
            TaskPermission.ASSIGN: _("Hand tasks to colleagues"),
        },
        kind=KIND,
    ),
    weight=210,
)

for name, words in {
    "task.created": _("set a task"),
    "task.changed": _("changed the task"),
    "task.done": _("did the task"),
    "task.reopened": _("took the task as not done"),
    "task.many_binned": _("deleted tasks"),
    "task.many_restored": _("restored tasks"),
    "task.many_postponed": _("postponed tasks"),
    "task.many_assigned": _("handed over tasks"),
}.items():
    event_words.add(name, words)


def _restore(row: Task, *, by: Actor) -> Task:
    restore_tasks([row.pk], by=by)
    return row


record_kinds.add(
    "tasks.task",
    RecordKind(
        label=_("Task"),
        plural=_("Tasks"),
        visible_to=Task.objects.visible_to,
        reach=KIND,
        responsible="responsible_id",
        permission=TaskPermission.WRITE,
        restore=_restore,
    ),
    weight=30,
)
notice_kinds.add(GIVEN, _("gave you a task"))
menu_items.add("tasks", MenuItem(label=_("Tasks"), url_name="task_day", group="work", icon="tasks"), weight=30)
commands.add(
    "task.new",
    Command(_("Add a task"), "task_new", permission=TaskPermission.WRITE, dialog=True, words=_("new task call to do")),
)
card_panels.add(
    "tasks",
    Panel(
        name="tasks",
        title=_("Tasks"),
        place=Place.RIGHT,
        render=party_panel,
        order=10,
        reads=lambda party: [(OF_PARTY, True, {"party": party.pk})],
    ),
)
home_panels.add("tasks", HomePanel(render=home_panel), weight=10)
party.relations.add(
    "task", Relation(ENTITY, "party_id", _("tasks about the customer"), there=_("has tasks"), none=_("has no tasks"))
)
optional_rooms.add("tasks", _("Tasks"))
