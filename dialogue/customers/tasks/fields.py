"""The fields of a task: one description for lists, filters, the API and rules."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from dialogue.customers.tasks.models import Priority, Task
from dialogue.platform.accounts.members import member_choices
from dialogue.platform.criteria.fields import Asking, Choices, Entity, Field, entities
from dialogue.platform.criteria.kinds import FieldKind

ENTITY = "task"
task = entities.add(ENTITY, Entity(name=ENTITY, label=_("task"), plural=_("tasks"), model=Task, title="title"))


def _people(asking: Asking) -> Choices:
    return member_choices()


def _priorities(asking: Asking) -> Choices:
    return [(str(value), str(words)) for value, words in Priority.choices]


def _words_of_party(row: Any) -> str:
    return row.party.name if row.party_id and row.party else ""


task.add(
    Field("title", _("task"), FieldKind.TEXT, "title", editable=True),
    Field("due_on", _("due"), FieldKind.DATE, "due_on", sort="due_on", editable=True),
    Field("priority", _("priority"), FieldKind.CHOICE, "priority", choices=_priorities, editable=True),
    Field(
        "responsible", _("responsible"), FieldKind.USER, "responsible_id", choices=_people, editable=True,
        said=lambda row: str(row.responsible) if row.responsible_id else "", joins=("responsible",),
    ),
    Field("party", _("customer"), FieldKind.TEXT, "party__name", read=_words_of_party, joins=("party",)),
    Field("subject", _("about"), FieldKind.TEXT, "subject_label"),
    Field("done_at", _("done"), FieldKind.MOMENT, "done_at"),
    Field("outcome", _("outcome"), FieldKind.TEXT, "outcome"),
    Field("created_at", _("created"), FieldKind.MOMENT, "created_at", sort="created_at"),
    Field("updated_at", _("changed"), FieldKind.MOMENT, "updated_at"),
    Field("party_id", _("number of the customer"), FieldKind.LINK, "party_id"),
)  # fmt: skip
