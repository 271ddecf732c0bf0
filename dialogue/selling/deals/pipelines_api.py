"""The API operations over pipelines, their stages, and the reasons of losing."""

from __future__ import annotations

from typing import Annotated

from ninja import Router
from pydantic import Field

from dialogue.kit.api.shapes import Input, Shape, Text
from dialogue.kit.doors import visible_or_404
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.selling.deals import losses, pipelines
from dialogue.selling.deals.models import LossReason, Pipeline, Stage, StageClass

pipelines_router = Router(tags=["pipelines"])
stages_router = Router(tags=["pipelines"])
loss_reasons_router = Router(tags=["pipelines"])
Name = Annotated[Text, Field(max_length=80)]
Position = Annotated[int, Field(ge=1, le=1000)]


class StageShape(Shape):
    """A stage; its class is open, won or lost."""

    id: int
    name: str
    stage_class: str
    position: int

    @classmethod
    def of(cls, row: Stage) -> StageShape:
        """Return a stage as the API shows it."""
        return cls(id=row.pk, name=row.name, stage_class=row.stage_class, position=row.position)


class PipelineShape(Shape):
    """A pipeline with its stages in order."""

    id: int
    name: str
    stages: list[StageShape]


class StageInput(Input):
    """A stage to be added: its name and what it means."""

    name: Name
    stage_class: StageClass = StageClass.OPEN


class PipelineInput(Input):
    """A pipeline to be made; without stages it gets the six usual ones."""

    name: Name
    stages: Annotated[list[StageInput], Field(max_length=50, default_factory=list)]


class NameInput(Input):
    """What it is called."""

    name: Name


class PlaceChange(Input):
    """What may be changed; only the fields sent are. `position` counts from 1."""

    name: Name | None = None
    position: Position | None = None


class LossReasonShape(Shape):
    """A reason for which deals are lost."""

    id: int
    name: str
    position: int

    @classmethod
    def of(cls, row: LossReason) -> LossReasonShape:
        """Return a reason as the API shows it."""
        return cls(id=row.pk, name=row.name, position=row.position)


def _shown(rows: list[Pipeline]) -> list[PipelineShape]:
    stages: dict[int, list[StageShape]] = {}
    for stage in Stage.objects.in_use():
        stages.setdefault(stage.pipeline_id, []).append(StageShape.of(stage))
    return [PipelineShape(id=one.pk, name=one.name, stages=stages.get(one.pk, [])) for one in rows]


def _pipeline(pk: int) -> Pipeline:
    return visible_or_404(Pipeline.objects.in_use(), pk)


def _stage(pk: int) -> Stage:
    return visible_or_404(Stage.objects.in_use(), pk)


def _reason(pk: int) -> LossReason:
    return visible_or_404(LossReason.objects.in_use(), pk)


@pipelines_router.get("", response=list[PipelineShape], summary="List pipelines")
def list_pipelines(request: ApiRequest) -> list[PipelineShape]:
    """Those in use, each with its stages in order."""
    return _shown(list(Pipeline.objects.in_use()))


@pipelines_router.post("", response={201: PipelineShape}, summary="Make a pipeline")
def post_pipeline(request: ApiRequest, given: PipelineInput) -> tuple[int, PipelineShape]:
    """It needs an open stage, one for won deals and one for lost deals."""
    listed = [(one.name, str(one.stage_class)) for one in given.stages]
    return 201, _shown([pipelines.create_pipeline(given.name, by=request.actor, stages=listed or None)])[0]


@pipelines_router.get("/{int:pipeline}", response=PipelineShape, summary="Get a pipeline")
def get_pipeline(request: ApiRequest, pipeline: int) -> PipelineShape:
    """One pipeline with its stages."""
    return _shown([_pipeline(pipeline)])[0]


@pipelines_router.patch("/{int:pipeline}", response=PipelineShape, summary="Rename a pipeline")
def patch_pipeline(request: ApiRequest, pipeline: int, given: NameInput) -> PipelineShape:
    """Its deals and stages stay."""
    return _shown([pipelines.rename_pipeline(_pipeline(pipeline), given.name, by=request.actor)])[0]


@pipelines_router.delete("/{int:pipeline}", response={204: None}, summary="Take a pipeline out of use")
def delete_pipeline(request: ApiRequest, pipeline: int) -> tuple[int, None]:
    """Only one without open deals, and never the last."""
    pipelines.archive_pipeline(_pipeline(pipeline), by=request.actor)
    return 204, None


@pipelines_router.post("/{int:pipeline}/stages", response={201: StageShape}, summary="Add a stage")
def post_stage(request: ApiRequest, pipeline: int, given: StageInput) -> tuple[int, StageShape]:
    """An open one comes after the open ones, a final one at the end."""
    made = pipelines.add_stage(_pipeline(pipeline), given.name, by=request.actor, stage_class=given.stage_class)
    return 201, StageShape.of(_stage(made.pk))


@stages_router.patch("/{int:stage}", response=StageShape, summary="Rename or move a stage")
def patch_stage(request: ApiRequest, stage: int, given: PlaceChange) -> StageShape:
    """What a stage means never changes: reports stand on it."""
    values = given.model_dump(exclude_unset=True, exclude_none=True)
    pipelines.change_stage(_stage(stage), by=request.actor, **values)
    return StageShape.of(_stage(stage))


@stages_router.delete("/{int:stage}", response={204: None}, summary="Take a stage out of use")
def delete_stage(request: ApiRequest, stage: int) -> tuple[int, None]:
    """Only one without deals, and never the last of its class."""
    pipelines.archive_stage(_stage(stage), by=request.actor)
    return 204, None


@loss_reasons_router.get("", response=list[LossReasonShape], summary="List the reasons of losing")
def list_loss_reasons(request: ApiRequest) -> list[LossReasonShape]:
    """Those in use, in their order."""
    return [LossReasonShape.of(row) for row in LossReason.objects.in_use()]


@loss_reasons_router.post("", response={201: LossReasonShape}, summary="Add a reason of losing")
def post_loss_reason(request: ApiRequest, given: NameInput) -> tuple[int, LossReasonShape]:
    """At the end of the list."""
    return 201, LossReasonShape.of(losses.add_loss_reason(given.name, by=request.actor))


@loss_reasons_router.patch("/{int:reason}", response=LossReasonShape, summary="Rename or move a reason of losing")
def patch_loss_reason(request: ApiRequest, reason: int, given: PlaceChange) -> LossReasonShape:
    """Lost deals that bear its name follow."""
    values = given.model_dump(exclude_unset=True, exclude_none=True)
    losses.change_loss_reason(_reason(reason), by=request.actor, **values)
    return LossReasonShape.of(_reason(reason))


@loss_reasons_router.delete("/{int:reason}", response={204: None}, summary="Take a reason of losing out of use")
def delete_loss_reason(request: ApiRequest, reason: int) -> tuple[int, None]:
    """The deals lost for it keep it."""
    losses.archive_loss_reason(_reason(reason), by=request.actor)
    return 204, None
