"""The API operations over segments."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from dialogue.customers.parties.models import Party
from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Input, Moment, Shape, Text
from dialogue.kit.api.versions import if_match, tell_version
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import NotPermitted
from dialogue.marketing.segments import actions
from dialogue.marketing.segments.counting import Counted, count_rule
from dialogue.marketing.segments.fields import ENTITY
from dialogue.marketing.segments.measuring import Together, overlap_of, rates_of
from dialogue.marketing.segments.models import HandPick, Membership, Segment, SegmentKind
from dialogue.marketing.segments.permissions import SegmentPermission
from dialogue.marketing.segments.picking import pick_people, unpick_people
from dialogue.marketing.segments.rebuilding import start_rebuild
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.criteria.api import Filtered, asking_of, filtered_page

router = Router(tags=["segments"])
Id = Annotated[int, Field(ge=1, lt=2**63)]
Name = Annotated[Text, Field(max_length=120, examples=["Давно не покупали"])]
TREE = 'A rule tree over customers, for example {"lacks": "purchase", "where": [{"field": "at", "within": "60d"}]}.'
Tree = Annotated[dict[str, Any], Field(description=TREE)]
Kind = Annotated[Literal["dynamic", "static"], Field(description="`dynamic` follows its rule, `static` is filled once.")]


class ResponseShape(Shape):
    """How many people were spoken to in the last days and how many answered, in the segment and in the whole base."""

    days: int
    touched: int
    answered: int
    rate: float | None
    base_touched: int
    base_answered: int
    base_rate: float | None
    at: Moment


class SegmentShape(Shape):
    """A segment. `size`, out of a `base` of all customers, is that of `built_at`, by version `built_version` of the rule."""

    id: int
    code: str
    name: str
    note: str
    kind: str
    tree: dict[str, Any]
    version: int
    responsible: int | None
    size: int
    base: int
    built_at: Moment | None
    built_version: int
    problem: str
    response: ResponseShape | None
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: Segment) -> SegmentShape:
        """Return a segment as the API shows it."""
        said = None
        if row.response:
            mine, whole = rates_of(row.response)
            kept = {name: row.response[name] for name in ANSWERED}
            said = ResponseShape(**kept, rate=mine.share, base_rate=whole.share)
        return cls(**{name: getattr(row, name) for name in PLAIN}, responsible=row.responsible_id, response=said)


ANSWERED = ("days", "touched", "answered", "base_touched", "base_answered", "at")
PLAIN = (
    "id", "code", "name", "note", "kind", "tree", "version", "size", "base", "built_at", "built_version", "problem", "created_at",
    "updated_at",
)  # fmt: skip


class SegmentInput(Input):
    """A new segment: by a rule, or of chosen customers (`people`), who make a static one."""

    name: Name
    tree: Tree | None = None
    people: Annotated[list[Id], Field(max_length=20_000)] | None = None
    kind: Kind = "dynamic"
    note: Annotated[Text, Field(max_length=5000)] = ""
    responsible: Id | None = None


class SegmentChange(Input):
    """What may be changed; only the fields sent are. Another rule makes another version."""

    name: Name | None = None
    tree: Tree | None = None
    note: Annotated[Text, Field(max_length=5000)] | None = None
    responsible: Id | None = None


class CopyInput(Input):
    """The name of the copy."""

    name: Name


class CountInput(Input):
    """The rule to count; `exact` waits longer than about a second where the base is large."""

    tree: Tree
    exact: bool = False


class PersonShape(Shape):
    """A customer by id and name."""

    id: int
    name: str


class CountShape(Shape):
    """How many match. `plus_minus` is half of the 95 % interval of a sampled count, 0 of an exact one."""

    count: int
    plus_minus: int
    exact: bool
    base: int
    people: list[PersonShape]
    at: Moment
    took_ms: int

    @classmethod
    def of(cls, found: Counted) -> CountShape:
        """Return a count as the API shows it."""
        people = [PersonShape(id=one.pk, name=one.name) for one in found.people]
        return cls(
            count=found.count,
            plus_minus=found.plus_minus,
            exact=found.exact,
            base=found.base,
            people=people,
            at=found.at,
            took_ms=found.took_ms,
        )


class MemberShape(Shape):
    """Who is in the segment since when; `until` is null while he is."""

    party: int
    since: Moment
    until: Moment | None


class MembersAsked(Paging):
    """Which members: those of now, or those who left too."""

    left: Annotated[bool, Field(description="Also those who are no longer in it.")] = False


class PickInput(Input):
    """A decision by hand about customers: `in`, `out`, or `rule` to let the rule decide again."""

    people: Annotated[list[Id], Field(min_length=1, max_length=20_000)]
    verdict: Literal["in", "out", "rule"]
    note: Annotated[Text, Field(max_length=200)] = ""


class PickedShape(Shape):
    """The customers about whom something changed."""

    changed: list[int]


class PickShape(Shape):
    """A decision by hand."""

    party: int
    verdict: str
    note: str
    at: Moment
    by: str


class JobShape(Shape):
    """The background job that fills the segment."""

    job: int


class OverlapInput(Input):
    """Two to four segments by code."""

    segments: Annotated[list[Text], Field(min_length=2, max_length=4)]
    exact: bool = False


class TogetherShape(Shape):
    """How many are in exactly these of the compared segments."""

    segments: list[str]
    count: int
    plus_minus: int

    @classmethod
    def of(cls, line: Together) -> TogetherShape:
        """Return one combination as the API shows it."""
        return cls(segments=[one.code for one in line.segments], count=line.count, plus_minus=line.plus_minus)


def _may_read(request: ApiRequest) -> None:
    if not request.actor.can(SegmentPermission.READ):
        raise NotPermitted(_("To see segments you must have the right to. Ask your administrator."))


def _segment(request: ApiRequest, segment: int) -> Segment:
    found: Segment = visible_or_404(Segment.objects.visible_to(request.actor), segment)
    _may_read(request)
    return found


def _shown(request: ApiRequest, response: HttpResponse, segment: int) -> SegmentShape:
    row = _segment(request, segment)
    tell_version(response, row)
    return SegmentShape.of(row)


@router.get("", response=Page[SegmentShape], summary="List segments")
def list_segments(request: ApiRequest, asked: Query[Filtered]) -> dict[str, Any]:
    """The newest first."""
    _may_read(request)
    return filtered_page(request, ENTITY, asked, shape=SegmentShape.of)


@router.post("", response={201: SegmentShape}, summary="Make a segment")
def create_segment(request: ApiRequest, response: HttpResponse, given: SegmentInput) -> tuple[int, SegmentShape]:
    """A large company's segment is filled by a job that starts at once."""
    values = given.model_dump(exclude={"name", "tree"})
    if given.people is not None:
        values["kind"] = SegmentKind.STATIC
    made = actions.create_segment(given.name, given.tree, by=request.actor, **values)
    return 201, _shown(request, response, made.pk)


@router.post("/count", response=CountShape, summary="Count whom a rule matches")
def count_segment(request: ApiRequest, given: CountInput) -> CountShape:
    """The whole base is counted; named are only customers the key's member may see."""
    if not request.actor.can(SegmentPermission.WRITE):
        _may_read(request)
    return CountShape.of(count_rule(given.tree, asking_of(request), exact=given.exact))


@router.post("/overlap", response=list[TogetherShape], summary="Compare segments")
def overlap_segments(request: ApiRequest, given: OverlapInput) -> list[TogetherShape]:
    """Every combination with how many people are in exactly these; large segments by a sample unless exact."""
    _may_read(request)
    rows = {row.code: row for row in Segment.objects.visible_to(request.actor).filter(code__in=given.segments)}
    chosen = [rows[code] for code in dict.fromkeys(given.segments) if code in rows]
    return [TogetherShape.of(line) for line in overlap_of(chosen, exact=given.exact)]


@router.get("/{int:segment}", response=SegmentShape, summary="Get a segment")
def get_segment(request: ApiRequest, response: HttpResponse, segment: int) -> SegmentShape:
    """One segment with its ETag."""
    return _shown(request, response, segment)


@router.patch("/{int:segment}", response=SegmentShape, summary="Change a segment")
def change_segment(request: ApiRequest, response: HttpResponse, segment: int, given: SegmentChange) -> SegmentShape:
    """A field that cannot be empty and comes as null stays as it is."""
    values = given.model_dump(exclude_unset=True)
    kept = {name: value for name, value in values.items() if value is not None or name == "responsible"}
    actions.change_segment(_segment(request, segment), by=request.actor, etag=if_match(request), **kept)
    return _shown(request, response, segment)


@router.delete("/{int:segment}", response={204: None}, summary="Delete a segment")
def delete_segment(request: ApiRequest, segment: int) -> tuple[int, None]:
    """Into the bin, for 30 days; refused while rules of other segments name it."""
    actions.bin_segment(_segment(request, segment), by=request.actor)
    return 204, None


@router.post("/{int:segment}/copy", response={201: SegmentShape}, summary="Copy a segment")
def copy_segment(request: ApiRequest, response: HttpResponse, segment: int, given: CopyInput) -> tuple[int, SegmentShape]:
    """The same rule, people and decisions by hand."""
    made = actions.copy_segment(_segment(request, segment), given.name, by=request.actor)
    return 201, _shown(request, response, made.pk)


@router.post("/{int:segment}/freeze", response=SegmentShape, summary="Keep a segment's people of now")
def freeze_segment(request: ApiRequest, response: HttpResponse, segment: int) -> SegmentShape:
    """It no longer follows its rule."""
    actions.freeze_segment(_segment(request, segment), by=request.actor)
    return _shown(request, response, segment)


@router.post("/{int:segment}/rebuild", response={202: JobShape}, summary="Fill a segment anew")
def rebuild_segment(request: ApiRequest, segment: int) -> tuple[int, JobShape]:
    """A background job, after the segments its rule names."""
    return 202, JobShape(job=start_rebuild(_segment(request, segment), by=request.actor).pk)


@router.get("/{int:segment}/members", response=Page[MemberShape], summary="List a segment's people")
def list_members(request: ApiRequest, segment: int, asked: Query[MembersAsked]) -> dict[str, Any]:
    """Only customers the key's member may see."""
    row = _segment(request, segment)
    rows = Membership.objects.filter(segment_id=row.pk, party_id__in=Party.objects.visible_to(request.actor).values("pk"))
    rows = rows if asked.left else rows.current()
    order = ("id",) if asked.left else ("party_id",)
    return page_of(rows, asked, order=order, shape=_member)


def _member(row: Membership) -> MemberShape:
    return MemberShape(party=row.party_id, since=row.since, until=row.until)


@router.get("/{int:segment}/picks", response=Page[PickShape], summary="List decisions by hand")
def list_picks(request: ApiRequest, segment: int, asked: Query[Paging]) -> dict[str, Any]:
    """Who was put in or left out, by whom and why."""
    row = _segment(request, segment)
    rows = HandPick.objects.filter(segment=row, party__in=Party.objects.visible_to(request.actor))
    return page_of(rows, asked, order=("-id",), shape=_pick)


def _pick(row: HandPick) -> PickShape:
    return PickShape(party=row.party_id, verdict=row.verdict, note=row.note, at=row.at, by=row.by_label)


@router.post("/{int:segment}/picks", response=PickedShape, summary="Put people in or leave them out")
def pick_members(request: ApiRequest, segment: int, given: PickInput) -> PickedShape:
    """Whatever the rule says; customers the key's member may not see are passed over."""
    row = _segment(request, segment)
    if given.verdict == "rule":
        return PickedShape(changed=unpick_people(row, given.people, by=request.actor))
    return PickedShape(changed=list(pick_people(row, given.people, given.verdict, by=request.actor, note=given.note)))
