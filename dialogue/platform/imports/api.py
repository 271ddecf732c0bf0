"""The API operations over imports."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, UploadedFile
from pydantic import Field

from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Moment, Shape, Text
from dialogue.kit.doors import ActorRequest, visible_or_404
from dialogue.kit.errors import Refusal
from dialogue.platform.imports import actions
from dialogue.platform.imports.models import Import, ImportChange, ImportRow
from dialogue.platform.imports.running import result_of
from dialogue.platform.imports.undoing import KEPT_WORDS

router = Router(tags=["imports"])
Outcomes = Literal["created", "updated", "skipped", "refused"]
State = Literal["draft", "trying", "waiting", "running", "done", "cancelled", "failed", "undoing", "undone"]


class ImportShape(Shape):
    """One import; `totals` are sums per currency, `by_stage` sums per stage of deals, `trial` the outcome of a dry run."""

    id: int
    kind: str
    state: State
    file_name: str
    fingerprint: str
    columns: list[str]
    map: dict[str, Any]
    rows: int
    created: int
    updated: int
    skipped: int
    refused: int
    totals: dict[str, str]
    by_stage: dict[str, dict[str, str]]
    trial: dict[str, Any]
    undone: dict[str, Any]
    job: int | None
    error: str
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class RowShape(Shape):
    """What became of one row; `subject` is the id of the record it made or changed."""

    number: int
    outcome: Outcomes
    subject: int | None
    words: str
    cells: list[str] | None


class KeptShape(Shape):
    """A record that an undo left alone."""

    record: str
    id: int
    name: str
    why: str


class ImportInput(Input):
    """What the file holds and how it is read. `map` is the map as JSON; without it the guessed columns serve."""

    kind: Annotated[Text, Field(max_length=30)]
    map: Annotated[Text, Field(max_length=200_000)] = ""
    sheet: Annotated[Text, Field(max_length=80)] = ""
    encoding: Annotated[Text, Field(max_length=20)] = ""
    delimiter: Annotated[Text, Field(max_length=1)] = ""
    start: Literal["no", "try", "yes"] = "no"
    again: bool = False


class MapInput(Input):
    """The map from columns to fields."""

    columns: dict[Text, Any]
    values: Annotated[dict[Text, Any], Field(default_factory=dict)]
    match: Text = ""
    empty: Annotated[list[Text], Field(default_factory=list, max_length=20)]
    decimal: Literal["", ".", ","] = ""
    order: Literal["", "dmy", "mdy"] = ""


class StartInput(Input):
    """Whether a file loaded before is loaded once more."""

    again: bool = False


class ImportFilter(Paging):
    """Which imports are asked for."""

    state: State | None = None


class RowFilter(Paging):
    """Which rows are asked for."""

    outcome: Outcomes | None = None


def shape(run: Import) -> dict[str, Any]:
    """Return the import as operations answer it."""
    told = result_of(run)
    return {
        **{name: getattr(run, name) for name in ("id", "kind", "state", "file_name", "fingerprint", "rows", "job", "error")},
        **{name: getattr(run, name) for name in ("created", "updated", "skipped", "refused", "trial")},
        **{name: getattr(run, name) for name in ("created_at", "started_at", "finished_at")},
        "columns": run.headers,
        "map": run.mapping,
        "totals": told["totals"],
        "by_stage": told["by_stage"],
        "undone": run.undo,
    }


def _find(request: ActorRequest, number: int) -> Import:
    return visible_or_404(Import.objects.visible_to(request.actor), number)


@router.get("", response=Page[ImportShape], summary="List imports")
def list_imports(request: ActorRequest, asked: Query[ImportFilter]) -> dict[str, Any]:
    """Newest first."""
    rows = Import.objects.visible_to(request.actor)
    if asked.state:
        rows = rows.filter(state=asked.state)
    return page_of(rows, asked, shape=shape)


@router.post("", response=ImportShape, summary="Upload a file to import")
def create_import(request: ActorRequest, file: File[UploadedFile], given: Form[ImportInput]) -> dict[str, Any]:
    """Keep the file and guess its columns; `start` tries or starts it at once, as a job."""
    reading = {"sheet": given.sheet, "encoding": given.encoding, "delimiter": given.delimiter}
    run = actions.prepare_import(file.chunks(), name=file.name or "", kind=given.kind, by=request.actor, reading=reading)
    if given.map:
        run = actions.map_import(run, _read_map(given.map), by=request.actor)
    if given.start == "try":
        run = actions.try_import(run, by=request.actor)
    elif given.start == "yes":
        run = actions.start_import(run, by=request.actor, again=given.again)
    return shape(run)


def _read_map(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise Refusal(_("The map must be a JSON object."), field="map", code="wrong-map")
    return read


@router.get("/{int:number}", response=ImportShape, summary="Get an import")
def get_import(request: ActorRequest, number: int) -> dict[str, Any]:
    """Its state, counts, sums and map."""
    return shape(_find(request, number))


@router.put("/{int:number}/map", response=ImportShape, summary="Map the columns of a draft")
def put_map(request: ActorRequest, number: int, given: MapInput) -> dict[str, Any]:
    """What is missing is refused when the import is tried or started."""
    return shape(actions.map_import(_find(request, number), given.model_dump(exclude_defaults=True), by=request.actor))


@router.post("/{int:number}/try", response=ImportShape, summary="Try an import")
def try_import(request: ActorRequest, number: int) -> dict[str, Any]:
    """A dry run as a job; `trial` holds its outcome row by row."""
    return shape(actions.try_import(_find(request, number), by=request.actor))


@router.post("/{int:number}/start", response=ImportShape, summary="Start an import")
def start_import(request: ActorRequest, number: int, given: StartInput) -> dict[str, Any]:
    """As a job; 409 when the file was loaded before and `again` is not said."""
    return shape(actions.start_import(_find(request, number), by=request.actor, again=given.again))


@router.post("/{int:number}/stop", response=ImportShape, summary="Stop an import")
def stop_import(request: ActorRequest, number: int) -> dict[str, Any]:
    """After its present batch; what is loaded stays."""
    return shape(actions.stop_import(_find(request, number), by=request.actor))


@router.post("/{int:number}/resume", response=ImportShape, summary="Go on with an import")
def resume_import(request: ActorRequest, number: int) -> dict[str, Any]:
    """From its last loaded row."""
    return shape(actions.resume_import(_find(request, number), by=request.actor))


@router.post("/{int:number}/undo", response=ImportShape, summary="Undo an import")
def undo_import(request: ActorRequest, number: int) -> dict[str, Any]:
    """As a job; what was changed or referred to since stays and is listed under `kept`."""
    return shape(actions.undo_import(_find(request, number), by=request.actor))


@router.get("/{int:number}/rows", response=Page[RowShape], summary="List what became of the rows")
def list_rows(request: ActorRequest, number: int, asked: Query[RowFilter]) -> dict[str, Any]:
    """In the order of the file; refused rows carry their cells."""
    rows = ImportRow.objects.filter(run=_find(request, number))
    if asked.outcome:
        rows = rows.filter(outcome=asked.outcome)
    return page_of(rows, asked, order=("number",))


@router.get("/{int:number}/kept", response=Page[KeptShape], summary="List what an undo left alone")
def list_kept(request: ActorRequest, number: int, asked: Query[Paging]) -> dict[str, Any]:
    """With the reason of each."""
    rows = ImportChange.objects.filter(run=_find(request, number)).exclude(kept="")
    return page_of(rows, asked, order=("id",), shape=_kept)


def _kept(change: ImportChange) -> dict[str, Any]:
    return {
        "record": change.model,
        "id": change.row_id,
        "name": change.label,
        "why": str(KEPT_WORDS.get(change.kept, "")),
    }
