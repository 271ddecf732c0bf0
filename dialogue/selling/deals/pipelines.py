"""Verbs over pipelines and their stages, and the pipeline every company begins with."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dialogue.customers.parties.rules import one_line
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, Refusal
from dialogue.platform.audit.recording import difference, record, snapshot
from dialogue.platform.audit.verbs import action
from dialogue.selling.deals.models import Deal, Pipeline, Stage, StageClass
from dialogue.selling.deals.permissions import DealPermission

# The six stages of S0-16; the last two are final and left out of "open".
FIRST_STAGES = (
    (gettext_noop("First contact"), StageClass.OPEN),
    (gettext_noop("Active negotiations"), StageClass.OPEN),
    (gettext_noop("Making a decision"), StageClass.OPEN),
    (gettext_noop("Agreeing the contract"), StageClass.OPEN),
    (gettext_noop("Closed and won"), StageClass.WON),
    (gettext_noop("Closed and lost"), StageClass.LOST),
)


def make_first_pipeline() -> Pipeline:
    """Make the pipeline a new company begins with, in the language in force; return it. Called in the company's scope."""
    pipeline: Pipeline = Pipeline.objects.create(name=_("Sales"), position=1)
    for position, (name, stage_class) in enumerate(FIRST_STAGES, 1):
        Stage.objects.create(pipeline=pipeline, name=_(name), stage_class=stage_class, position=position)
    return pipeline


@action(permission=DealPermission.PIPELINE)
def create_pipeline(name: str, *, by: Actor, stages: list[tuple[str, str]] | None = None) -> Pipeline:
    """Make a pipeline with stages as (name, class), the six usual ones where none are given; return it.

    Raises:
        Refusal: no name, a name in use, or no stage to win or to lose.
    """
    name = one_line(name)[:80]
    refuse_pipeline_name(name)
    listed = stages or [(_(words), str(stage_class)) for words, stage_class in FIRST_STAGES]
    classes = {stage_class for _name, stage_class in listed}
    if classes != set(StageClass.values):
        raise Refusal(_("A pipeline needs an open stage, one for won deals and one for lost deals."), field="stages")
    last = Pipeline.objects.aggregate(last=Max("position"))["last"] or 0
    pipeline: Pipeline = Pipeline.objects.create(name=name, position=last + 1)
    for position, (stage, stage_class) in enumerate(listed, 1):
        Stage.objects.create(pipeline=pipeline, name=one_line(stage)[:80], stage_class=stage_class, position=position)
    record(by, "pipeline.created", pipeline, stages=[stage for stage, _class in listed])
    return pipeline


def refuse_pipeline_name(name: str, besides: int = 0) -> None:
    """Refuse an empty name and one in use.

    Raises:
        Refusal: with the remedy.
    """
    if not name:
        raise Refusal(_("Give the pipeline a name."), field="name")
    if Pipeline.objects.in_use().filter(name=name).exclude(pk=besides).exists():
        raise Refusal(_("Choose another name: “%(name)s” is in use.") % {"name": name}, field="name")


@action(permission=DealPermission.PIPELINE)
def rename_pipeline(pipeline: Pipeline, name: str, *, by: Actor) -> Pipeline:
    """Rename a pipeline; return it.

    Raises:
        Refusal: no name, or one in use.
    """
    row = Pipeline.objects.select_for_update().get(pk=pipeline.pk)
    before = snapshot(row, ["name"])
    row.name = one_line(name)[:80]
    refuse_pipeline_name(row.name, besides=row.pk)
    row.save()
    record(by, "pipeline.changed", row, changes=difference(before, snapshot(row, ["name"])))
    return row


@action(permission=DealPermission.PIPELINE)
def archive_pipeline(pipeline: Pipeline, *, by: Actor) -> Pipeline:
    """Take a pipeline without deals out of use; return it.

    Raises:
        Conflict: it holds deals, or it is the last.
    """
    row = Pipeline.objects.select_for_update().get(pk=pipeline.pk)
    if Deal.objects.filter(pipeline=row, stage_class=StageClass.OPEN).exists():
        raise Conflict(_("To remove this pipeline move its open deals to another first."))
    if Pipeline.objects.in_use().exclude(pk=row.pk).count() == 0:
        raise Conflict(_("To remove the last pipeline you must first add another."))
    row.archived_at = timezone.now()
    row.save()
    record(by, "pipeline.archived", row)
    return row


@action(permission=DealPermission.PIPELINE)
def add_stage(pipeline: Pipeline, name: str, *, by: Actor, stage_class: str = StageClass.OPEN) -> Stage:
    """Add a stage: an open one after the open ones, a final one at the end; return it.

    Raises:
        Refusal: no name, one in use, or an unknown class.
    """
    name = one_line(name)[:80]
    _refuse_stage_name(pipeline, name)
    if stage_class not in StageClass.values:
        raise Refusal(_("Choose what the stage means: open, won or lost."), field="stage_class")
    stage = Stage.objects.create(pipeline=pipeline, name=name, stage_class=stage_class, position=999)
    order = {StageClass.OPEN: 0, StageClass.WON: 1, StageClass.LOST: 2}
    living = Stage.objects.filter(pipeline=pipeline, archived_at=None).order_by("position", "id")
    _number(sorted(living, key=lambda one: order[StageClass(one.stage_class)]))
    record(by, "stage.added", stage, pipeline=pipeline.name, stage_class=stage_class)
    return stage


def _refuse_stage_name(pipeline: Pipeline, name: str, besides: int = 0) -> None:
    if not name:
        raise Refusal(_("Give the stage a name."), field="name")
    if Stage.objects.filter(pipeline=pipeline, name=name, archived_at=None).exclude(pk=besides).exists():
        raise Refusal(_("Choose another name: “%(name)s” is in use.") % {"name": name}, field="name")


def _number(stages: list[Stage]) -> None:
    for position, stage in enumerate(stages, 1):
        stage.position = position
    Stage.objects.bulk_update(stages, ["position"])


@action(permission=DealPermission.PIPELINE)
def change_stage(stage: Stage, *, by: Actor, **fields: Any) -> Stage:
    """Change a stage's `name` or its `position` among the others; its class stays; return it.

    Raises:
        Refusal: no name, or one in use.
    """
    row = Stage.objects.select_for_update().get(pk=stage.pk)
    before = snapshot(row, ["name", "position"])
    if "name" in fields:
        row.name = one_line(fields["name"])[:80]
        _refuse_stage_name(row.pipeline, row.name, besides=row.pk)
    row.save()
    if "position" in fields:
        others = list(
            Stage.objects.filter(pipeline=row.pipeline, archived_at=None).exclude(pk=row.pk).order_by("position", "id")
        )
        others.insert(max(0, min(int(fields["position"]) - 1, len(others))), row)
        _number(others)
    record(by, "stage.changed", row, changes=difference(before, snapshot(row, ["name", "position"])))
    return row


@action(permission=DealPermission.PIPELINE)
def archive_stage(stage: Stage, *, by: Actor) -> Stage:
    """Take a stage without open deals out of use; return it.

    Raises:
        Conflict: it holds deals, or it is the last of its class.
    """
    row = Stage.objects.select_for_update().get(pk=stage.pk)
    if Deal.objects.filter(stage=row).exists():
        raise Conflict(_("To remove this stage move its deals to another first."))
    alike = Stage.objects.filter(pipeline=row.pipeline, stage_class=row.stage_class, archived_at=None)
    if alike.exclude(pk=row.pk).count() == 0:
        raise Conflict(_("A pipeline needs an open stage, one for won deals and one for lost deals."))
    row.archived_at = timezone.now()
    row.save()
    record(by, "stage.archived", row)
    return row
