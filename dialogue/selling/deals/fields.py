"""The fields of a deal: one description for lists, filters, forms, import, export, the API and segments."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.fields import known_tags
from dialogue.customers.tasks.models import Task
from dialogue.kit.reference import remembered
from dialogue.platform.accounts.members import member_choices
from dialogue.platform.criteria.fields import Asking, Choices, Entity, Field, entities
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.operators import NEGATIVE, period_of, several, truth
from dialogue.selling.deals.drafts import ENTITY
from dialogue.selling.deals.losses import reasons_in_use
from dialogue.selling.deals.models import STAGES, Deal, Pipeline, Stage, StageClass

LATE, NO_TASKS = "overdue", "none"
TASKS_DUE = {
    LATE: _("Overdue"),
    "today": _("Today"),
    "tomorrow": _("Tomorrow"),
    "this_week": _("This week"),
    "this_month": _("This month"),
    "this_quarter": _("This quarter"),
    NO_TASKS: _("No tasks"),
}
deal = entities.add(
    ENTITY, Entity(name=ENTITY, label=_("deal"), plural=_("deals"), model=Deal, title="title", characterised=True)
)


def stages_in_use() -> list[Stage]:
    """Return the stages of the pipelines in use with their pipeline, in order; nobody may change these rows."""
    return remembered(STAGES, lambda: list(Stage.objects.in_use().select_related("pipeline")))


def stage_choices(asking: Asking) -> Choices:
    """Return the stages in use; with several pipelines each stage names its own."""
    stages = stages_in_use()
    several = len({stage.pipeline_id for stage in stages}) > 1
    return [(str(stage.pk), f"{stage.name} · {stage.pipeline.name}" if several else stage.name) for stage in stages]


def pipeline_choices(asking: Asking) -> Choices:
    """Return the pipelines in use."""
    return remembered(
        STAGES, lambda: [(str(pk), name) for pk, name in Pipeline.objects.in_use().values_list("pk", "name")], key="pipelines"
    )


def loss_choices(asking: Asking) -> Choices:
    """Return the reasons of losing in use."""
    return remembered(STAGES, lambda: [(str(pk), name) for pk, name in reasons_in_use().items()], key="losses")


def tag_choices(asking: Asking) -> Choices:
    """Return the tags of deals."""
    return known_tags(ENTITY)


def people_choices(asking: Asking) -> Choices:
    """Return the active members."""
    return member_choices()


def _tasks_due(name: str, today: date, week_start: int) -> models.Q:
    """Return which tasks a choice of the filter speaks of.

    Raises:
        KeyError: an unknown choice.
    """
    first, end = (None, today) if name == LATE else period_of(name, today, week_start)
    return models.Q(due_on__lt=end) & (models.Q(due_on__gte=first) if first else models.Q())


def by_tasks(operator: str, value: Any, asking: Asking) -> models.Q:
    """Return the deals with an open task due then, or without any (S0-15).

    Raises:
        ValueError: not a list where one is needed.
        KeyError: an unknown choice.
    """
    if operator == "empty":
        return models.Q(next_step_on__isnull=truth(value))
    asked = {str(one) for one in (several(value) if operator in {"in", "not_in"} else [value])}
    today = asking.now.astimezone(asking.zone).date()
    found = models.Q(pk__in=[])
    if asked - {NO_TASKS}:
        due = models.Q()
        for name in sorted(asked - {NO_TASKS}):
            due |= _tasks_due(name, today, asking.week_start)
        tasks = Task.objects.open().filter(due, subject_kind=ENTITY)
        found = models.Q(pk__in=tasks.values("subject_id"))
    if NO_TASKS in asked:
        found |= models.Q(next_step_on__isnull=True)
    return ~found if operator in NEGATIVE else found


def task_choices(asking: Asking) -> Choices:
    """Return by what tasks deals are filtered."""
    return [(name, str(words)) for name, words in TASKS_DUE.items()]


def _listed(choices: type[models.TextChoices]) -> Any:
    def listed(asking: Asking) -> Choices:
        return [(value, str(words)) for value, words in choices.choices]

    return listed


deal.add(
    Field("title", _("deal name"), FieldKind.TEXT, "title", sort="title_sort", editable=True, importable=True),
    Field("contact", _("main contact"), FieldKind.TEXT, "contact__name", sort="contact__name_sort", importable=True, joins=("contact",)),
    Field("company", _("company"), FieldKind.TEXT, "company__name", sort="company__name_sort", importable=True, joins=("company",)),
    Field(
        "stage", _("stage"), FieldKind.CHOICE, "stage_id", sort="stage__position", choices=stage_choices, editable=True,
        importable=True, joins=("stage",), reads=("stage__name", "stage__stage_class", "stage__position"),
    ),
    Field("budget", _("budget"), FieldKind.MONEY, "budget", sort="budget", currency="currency", editable=True, importable=True),
    Field(
        "responsible", _("responsible"), FieldKind.USER, "responsible_id", choices=people_choices, editable=True,
        importable=True, joins=("responsible",), reads=("responsible__name", "responsible__email"),
    ),
    Field(
        "tags", _("tags"), FieldKind.CHOICES, "tag_links__tag_id", choices=tag_choices, links=True, editable=True, importable=True,
        fetches=("tag_links__tag",), reads=("id",),
    ),
    Field("next_step", _("next step"), FieldKind.DATE, "next_step_on", sort="next_step_on", reads=("next_step_on", "stage_class")),
    # "among" keeps the list from counting by a path: it has none.
    Field(
        "tasks", _("tasks"), FieldKind.CHOICE, "id", choices=task_choices, compare=by_tasks, among={"pk__isnull": False},
        said=lambda row: date_format(row.next_step_on, "SHORT_DATE_FORMAT") if row.next_step_on else "",
        reads=("next_step_on",),
    ),
    Field("expected_on", _("expected close"), FieldKind.DATE, "expected_on", sort="expected_on", editable=True, importable=True),
    Field("created_at", _("created"), FieldKind.MOMENT, "created_at", sort="created_at", importable=True),
    Field("updated_at", _("changed"), FieldKind.MOMENT, "updated_at", sort="updated_at"),
    Field("closed_at", _("closed"), FieldKind.MOMENT, "closed_at"),
    Field("stage_since", _("in the stage since"), FieldKind.MOMENT, "stage_since"),
    Field("stage.class", _("open, won or lost"), FieldKind.CHOICE, "stage_class", choices=_listed(StageClass)),
    Field("pipeline", _("pipeline"), FieldKind.CHOICE, "pipeline_id", choices=pipeline_choices, importable=True),
    Field(
        "loss", _("reason of the loss"), FieldKind.CHOICE, "loss_id", choices=loss_choices, joins=("loss",),
        said=lambda row: row.loss.name if row.loss_id else "",
    ),
    Field("lost_reason", _("reason in own words"), FieldKind.TEXT, "lost_reason", importable=True),
    Field("external_id", _("own number"), FieldKind.TEXT, "external_id", editable=True, importable=True),
    Field("company_id", _("number of the company"), FieldKind.LINK, "company_id"),
    Field("contact_id", _("number of the contact"), FieldKind.LINK, "contacts__party_id", links=True),
)  # fmt: skip
