"""The API operations over campaigns."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router

from dialogue.customers.parties.models import Party
from dialogue.kit.api.paging import Page, page_of
from dialogue.kit.api.shapes import Input
from dialogue.kit.api.versions import if_match, tell_version
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import InvalidInput, NotPermitted
from dialogue.kit.money import money_json
from dialogue.marketing.campaigns import actions, launching, preparing
from dialogue.marketing.campaigns.actions import ENTITY, Cost
from dialogue.marketing.campaigns.api_shapes import (
    AudienceShape,
    CampaignChange,
    CampaignInput,
    CampaignShape,
    ContentInput,
    ContentShape,
    CostInput,
    CostShape,
    CountingShape,
    FindingShape,
    GroupShape,
    IntervalShape,
    LaunchShape,
    PeopleAsked,
    PersonShape,
    PreparedShape,
    ReferenceShape,
    ResultShape,
)
from dialogue.marketing.campaigns.freezing import Audience, lines_of
from dialogue.marketing.campaigns.models import (
    Campaign,
    Content,
    CostLine,
    Decision,
    Person,
    Reason,
    Run,
    Side,
)
from dialogue.marketing.campaigns.permissions import CampaignPermission
from dialogue.marketing.campaigns.reference import Reference, choose_reference, chosen_for, reference_of
from dialogue.marketing.campaigns.results import result_of
from dialogue.marketing.campaigns.saying import why_words
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.criteria.api import Filtered, filtered_page

router = Router(tags=["campaigns"])


def _may_read(request: ApiRequest) -> None:
    if not request.actor.can(CampaignPermission.READ):
        raise NotPermitted(_("To see campaigns you must have the right to. Ask your administrator."))


def _campaign(request: ApiRequest, campaign: int) -> Campaign:
    rows = Campaign.objects.visible_to(request.actor).prefetch_related("segments__segment")
    found: Campaign = visible_or_404(rows, campaign)
    _may_read(request)
    return found


def _shown(request: ApiRequest, response: HttpResponse, campaign: int) -> CampaignShape:
    row = _campaign(request, campaign)
    tell_version(response, row)
    return CampaignShape.of(row)


def _fields(given: Input) -> tuple[dict[str, Any], dict[str, list[str]]]:
    values = given.model_dump(exclude_unset=True)
    sides: dict[str, list[str]] = {}
    for name in ("include", "exclude"):
        if name in values:
            sides[name] = values.pop(name)
    if "sender" in values:
        values["identity"] = values.pop("sender")
    kept = {
        name: value for name, value in values.items() if value is not None or name not in {"name", "goal", "test", "priority"}
    }
    return kept, sides


def _sides(request: ApiRequest, row: Campaign, sides: dict[str, list[str]]) -> None:
    if sides:
        now = CampaignShape.of(_campaign(request, row.pk))
        include, exclude = sides.get("include"), sides.get("exclude")
        actions.choose_segments(
            row, now.include if include is None else include, now.exclude if exclude is None else exclude, by=request.actor
        )


@router.get("", response=Page[CampaignShape], summary="List campaigns")
def list_campaigns(request: ApiRequest, asked: Query[Filtered]) -> dict[str, Any]:
    """The newest first."""
    _may_read(request)
    return filtered_page(request, ENTITY, asked, shape=CampaignShape.of)


@router.post("", response={201: CampaignShape}, summary="Begin a campaign")
def create_campaign(request: ApiRequest, response: HttpResponse, given: CampaignInput) -> tuple[int, CampaignShape]:
    """It is a draft until it is launched."""
    values, sides = _fields(given)
    made = actions.create_campaign(values.pop("name"), by=request.actor, **values)
    _sides(request, made, sides)
    return 201, _shown(request, response, made.pk)


@router.get("/{int:campaign}", response=CampaignShape, summary="Get a campaign")
def get_campaign(request: ApiRequest, response: HttpResponse, campaign: int) -> CampaignShape:
    """One campaign with its ETag."""
    return _shown(request, response, campaign)


@router.patch("/{int:campaign}", response=CampaignShape, summary="Change a campaign")
def change_campaign(request: ApiRequest, response: HttpResponse, campaign: int, given: CampaignChange) -> CampaignShape:
    """Segments, hold-out, test and sender only before the launch."""
    row = _campaign(request, campaign)
    values, sides = _fields(given)
    reference = values.pop("reference", None)
    actions.change_campaign(row, by=request.actor, etag=if_match(request), **values)
    _sides(request, row, sides)
    if reference is not None:
        choose_reference(row, reference, by=request.actor)
    return _shown(request, response, campaign)


@router.get("/{int:campaign}/reference", response=ReferenceShape, summary="See what earlier campaigns let one expect")
def get_reference(request: ApiRequest, campaign: int) -> Reference:
    """Of the launch, and before it those it would be compared with now."""
    row = _campaign(request, campaign)
    run = Run.objects.newest_of(row)
    return Reference.of(run.reference) if run else reference_of(chosen_for(row, request.actor))


@router.delete("/{int:campaign}", response={204: None}, summary="Delete a campaign")
def delete_campaign(request: ApiRequest, campaign: int) -> tuple[int, None]:
    """Into the bin, for 30 days; refused while it is going."""
    actions.bin_campaign(_campaign(request, campaign), by=request.actor)
    return 204, None


@router.get("/{int:campaign}/letters", response=list[ContentShape], summary="List a campaign's letters")
def list_letters(request: ApiRequest, campaign: int) -> list[ContentShape]:
    """The newest version per arm and language."""
    row = _campaign(request, campaign)
    return [_letter(row, one) for one in Content.objects.filter(campaign=row).current()]


def _letter(row: Campaign, one: Content) -> ContentShape:
    codes = {line.number: line.segment.code for line in row.segments.all() if line.segment is not None}
    same = ("arm", "language", "version", "subject", "body", "blocks", "at")
    return ContentShape(segment=codes.get(one.letter, ""), **{name: getattr(one, name) for name in same})


@router.put("/{int:campaign}/letters", response=ContentShape, summary="Write a letter")
def write_letter(request: ApiRequest, campaign: int, given: ContentInput) -> ContentShape:
    """While the campaign goes a change makes another version, for who has not got his letter yet."""
    row, values = _campaign(request, campaign), given.model_dump()
    addressed = (line for line in row.segments.all() if line.segment is not None and line.side == Side.INCLUDE)
    numbers = {line.segment.code: line.number for line in addressed if line.segment is not None}
    segment = values.pop("segment")
    if segment and segment not in numbers:
        raise InvalidInput({"segment": _("Choose a segment the campaign addresses.")})
    return _letter(row, actions.write_content(row, by=request.actor, letter=numbers.get(segment, 0), **values))


@router.get("/{int:campaign}/costs", response=list[CostShape], summary="List a campaign's costs")
def list_costs(request: ApiRequest, campaign: int) -> list[CostShape]:
    """Planned and spent, line by line."""
    row = _campaign(request, campaign)
    return [_cost(one, row.currency) for one in CostLine.objects.filter(campaign=row)]


def _cost(one: CostLine, currency: str) -> CostShape:
    return CostShape(
        label=one.label, planned=money_json(one.planned, currency), spent=money_json(one.spent, currency), on=one.on
    )


@router.put("/{int:campaign}/costs", response=list[CostShape], summary="Set a campaign's costs")
def set_costs(request: ApiRequest, campaign: int, given: list[CostInput]) -> list[CostShape]:
    """The lines sent replace those there are."""
    row = _campaign(request, campaign)
    lines = actions.set_costs(row, [Cost(**one.model_dump()) for one in given], by=request.actor)
    return [_cost(one, row.currency) for one in lines]


@router.post("/{int:campaign}/prepare", response={200: PreparedShape, 202: CountingShape}, summary="See what a launch would do")
def prepare_campaign(request: ApiRequest, campaign: int) -> tuple[int, PreparedShape | CountingShape]:
    """Counts, findings and power. A large campaign is counted by a job first: ask again when it is done."""
    row = _campaign(request, campaign)
    lines = lines_of(row)
    known = preparing.kept_of(row, lines) if preparing.is_large(lines) else preparing.prepare(row, lines)
    if known is None:
        return 202, CountingShape(job=preparing.prepare_soon(row, by=request.actor).pk)
    return 200, PreparedShape(
        audience=AudienceShape.of(known.audience),
        findings=[FindingShape(grade=one.grade, words=one.words, where=one.where) for one in known.preflight.findings],
        can_launch=not known.preflight.stops,
        smallest_lift=known.power.lift if known.power else None,
    )


@router.post("/{int:campaign}/launch", response={200: LaunchShape, 202: LaunchShape}, summary="Launch a campaign")
def launch_campaign(request: ApiRequest, campaign: int) -> tuple[int, LaunchShape]:
    """Freezes the people and lets the letters go; refused with every finding that must be mended first."""
    row = _campaign(request, campaign)
    if preparing.is_large(lines_of(row)):
        return 202, LaunchShape(run=None, job=launching.launch_soon(row, by=request.actor).pk, audience=None)
    run = launching.launch_campaign(row, by=request.actor)
    return 200, LaunchShape(run=run.pk, job=None, audience=AudienceShape.of(Audience.of_run(run)))


@router.post("/{int:campaign}/pause", response=CampaignShape, summary="Pause a campaign")
def pause_campaign(request: ApiRequest, response: HttpResponse, campaign: int) -> CampaignShape:
    """Letters that have not gone wait."""
    launching.pause_campaign(_campaign(request, campaign), by=request.actor)
    return _shown(request, response, campaign)


@router.post("/{int:campaign}/resume", response=CampaignShape, summary="Let a campaign go on")
def resume_campaign(request: ApiRequest, response: HttpResponse, campaign: int) -> CampaignShape:
    """The rest of the letters goes, in the newest words."""
    launching.resume_campaign(_campaign(request, campaign), by=request.actor)
    return _shown(request, response, campaign)


@router.post("/{int:campaign}/finish", response=CampaignShape, summary="Finish a campaign")
def finish_campaign(request: ApiRequest, response: HttpResponse, campaign: int) -> CampaignShape:
    """When its letters have gone; answers and purchases go on being counted."""
    launching.finish_campaign(_campaign(request, campaign), by=request.actor)
    return _shown(request, response, campaign)


@router.post("/{int:campaign}/cancel", response=CampaignShape, summary="Cancel a campaign")
def cancel_campaign(request: ApiRequest, response: HttpResponse, campaign: int) -> CampaignShape:
    """What has not gone never goes."""
    launching.cancel_campaign(_campaign(request, campaign), by=request.actor)
    return _shown(request, response, campaign)


@router.get("/{int:campaign}/people", response=Page[PersonShape], summary="List whom a campaign reached and whom not")
def list_people(request: ApiRequest, campaign: int, asked: Query[PeopleAsked]) -> dict[str, Any]:
    """Of the last launch; only customers the key's member may see."""
    row = _campaign(request, campaign)
    run = Run.objects.newest_of(row)
    rows = Person.objects.filter(run_id=run.pk if run else 0, party_id__in=Party.objects.visible_to(request.actor).values("pk"))
    if asked.decision:
        rows = rows.filter(decision=Decision[asked.decision.upper()])

    def shape(one: Person) -> PersonShape:
        return PersonShape(
            party=one.party_id,
            decision=Decision(one.decision).name.lower(),  # type: ignore[arg-type]
            reason=Reason(one.reason).name.lower() if one.reason else "",
            arm=one.arm,
            why=why_words(one.decision, one.reason, run.policy if run else None),
        )

    return page_of(rows, asked, order=("party_id",), shape=shape)


@router.get("/{int:campaign}/result", response=ResultShape, summary="See what came of a campaign")
def get_result(request: ApiRequest, campaign: int) -> ResultShape:
    """The funnel, money beside those held out with its interval, and whether the split is as chance makes it."""
    row = _campaign(request, campaign)
    run = visible_or_404(Run.objects.filter(campaign=row), _last(row))
    found = result_of(row, run)
    held = found.held.n > 0
    return ResultShape(
        at=found.moment,
        since=found.period[0],
        until=found.period[1],
        **{name: getattr(found, name) for name in ("addressed", "included", "held_out", "sent", "heard", "answered", "deals")},
        deals_won=found.won,
        cost=money_json(found.cost, row.currency),
        arms={arm: GroupShape(n=one.n, buyers=one.buyers, income=one.total) for arm, one in found.arms.items()},
        control=GroupShape(n=found.held.n, buyers=found.held.buyers, income=found.held.total),
        per_person=_interval(found.effect) if held else None,
        gain=_interval(found.gain) if held else None,
        split_is_right=found.is_split_right,
    )


def _last(row: Campaign) -> int:
    return Run.objects.filter(campaign=row).order_by("-number").values_list("pk", flat=True).first() or 0


def _interval(found: Any) -> IntervalShape | None:
    return IntervalShape(estimate=found.estimate, low=found.low, high=found.high) if found else None
