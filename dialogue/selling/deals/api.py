"""The API operations over deals."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from dialogue.kit.api.paging import Page
from dialogue.kit.api.shapes import Input, Moment, Money, Shape, Text
from dialogue.kit.api.versions import if_match, tell_version
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import Refusal
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.criteria.api import Filtered, Search, filtered_page
from dialogue.selling.deals import actions, batches
from dialogue.selling.deals.drafts import ENTITY, NewContact, NewDeal
from dialogue.selling.deals.models import Deal, DealComment, DealContact, Stage, StageChange

router = Router(tags=["deals"])
Id = Annotated[int, Field(ge=1, lt=2**63)]
Title = Annotated[Text, Field(max_length=200, examples=["Корпоративный сайт"])]
Reason = Annotated[Text, Field(max_length=200)]


class ContactShape(Shape):
    """A party of a deal with its role."""

    party: int
    name: str
    role: str


class DealShape(Shape):
    """A deal. `stage_class` is open, won or lost; `base_budget` is the budget in the company's currency."""

    id: int
    title: str
    pipeline: int
    stage: int
    stage_name: str
    stage_class: str
    stage_since: Moment
    company: int | None
    contact: int | None
    budget: Money | None
    currency: str
    base_budget: Money | None
    responsible: int | None
    expected_on: date | None
    next_step_on: date | None
    closed_at: Moment | None
    loss: int | None
    lost_reason: str
    external_id: str
    tags: list[str]
    characteristics: dict[str, Any]
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: Deal) -> DealShape:
        """Return a deal as the API shows it."""
        return cls(
            **{name: getattr(row, name) for name in PLAIN},
            pipeline=row.pipeline_id,
            stage=row.stage_id,
            loss=row.loss_id,
            stage_name=row.stage.name,
            company=row.company_id,
            contact=row.contact_id,
            responsible=row.responsible_id,
            budget=Money.of(row.budget, row.currency),
            base_budget=Money.of(row.base_amount, row.base_currency),
            tags=sorted(link.tag.name for link in row.tag_links.all()),
        )


PLAIN = (
    "id", "title", "stage_class", "stage_since", "currency", "expected_on", "next_step_on", "closed_at", "lost_reason",
    "external_id", "characteristics", "created_at", "updated_at",
)  # fmt: skip


class ContactInput(Input):
    """A party of a deal: its id and what it does there (decides, influences, uses, pays)."""

    party: Id
    role: Annotated[Text, Field(max_length=10)] = ""


class DealInput(Input):
    """A new deal; without a stage it begins at the first one of the pipeline, or of the company's first pipeline."""

    title: Title
    stage: Id | None = None
    pipeline: Id | None = None
    company: Id | None = None
    contact: Id | None = None
    contacts: Annotated[list[ContactInput], Field(max_length=100, default_factory=list)]
    budget: Money | None = None
    responsible: Id | None = None
    expected_on: date | None = None
    loss: Id | None = None
    lost_reason: Reason = ""
    external_id: Annotated[Text, Field(max_length=80)] = ""
    tags: Annotated[list[Annotated[Text, Field(max_length=60)]], Field(max_length=50, default_factory=list)]
    characteristics: Annotated[dict[str, Any], Field(default_factory=dict)]


class DealChange(Input):
    """What may be changed; a stage is changed by /move, /win, /lose and /reopen."""

    title: Title | None = None
    company: Id | None = None
    contact: Id | None = None
    budget: Money | None = None
    responsible: Id | None = None
    expected_on: date | None = None
    external_id: Annotated[Text, Field(max_length=80)] | None = None
    tags: Annotated[list[Annotated[Text, Field(max_length=60)]], Field(max_length=50)] | None = None
    characteristics: dict[str, Any] | None = None


class MoveInput(Input):
    """Where to: the stage and, on the board, the cards above and below. A lost stage asks for a reason."""

    stage: Id
    above: Id | None = None
    below: Id | None = None
    reason: Reason = ""
    loss: Id | None = None


class LoseInput(Input):
    """Why the deal is lost: a reason of the company's list, words of one's own, or both."""

    reason: Reason = ""
    loss: Id | None = None


class CommentInput(Input):
    """A comment; @name tells that colleague."""

    text: Annotated[Text, Field(max_length=5000)]


class CommentShape(Shape):
    """A comment with whom it names."""

    id: int
    author: int | None
    text: str
    mentions: list[int]
    created_at: Moment

    @classmethod
    def of(cls, row: DealComment) -> CommentShape:
        """Return a comment as the API shows it."""
        return cls(id=row.pk, author=row.author_id, text=row.text, mentions=row.mentions, created_at=row.created_at)


class StageChangeShape(Shape):
    """A deal entered a stage."""

    stage: int
    stage_name: str
    before: int | None
    at: Moment
    left_at: Moment | None
    amount: Money | None
    by: str
    reason: str


def _related(rows: Any) -> Any:
    return rows.select_related("stage").prefetch_related("tag_links__tag")


def _deal(request: ApiRequest, deal: int) -> Deal:
    found: Deal = visible_or_404(_related(Deal.objects.visible_to(request.actor)), deal)
    return found


def _shown(request: ApiRequest, response: HttpResponse, deal: int) -> DealShape:
    row = _deal(request, deal)
    tell_version(response, row)
    return DealShape.of(row)


@router.get("", response=Page[DealShape], summary="List deals")
def list_deals(request: ApiRequest, asked: Query[Filtered]) -> dict[str, Any]:
    """The newest first."""
    return filtered_page(request, ENTITY, asked, shape=DealShape.of, related=_related)


@router.post("/search", response=Page[DealShape], summary="Search deals")
def search_deals(request: ApiRequest, asked: Search) -> dict[str, Any]:
    """The same as the list, for rules too long for an address."""
    return filtered_page(request, ENTITY, asked, shape=DealShape.of, related=_related)


@router.post("", response={201: DealShape}, summary="Add a deal")
def create_deal(request: ApiRequest, response: HttpResponse, given: DealInput) -> tuple[int, DealShape]:
    """Without a responsible member it is the key's member's."""
    plain = (
        "title",
        "stage",
        "pipeline",
        "company",
        "contact",
        "responsible",
        "expected_on",
        "loss",
        "lost_reason",
        "external_id",
    )
    draft = NewDeal(
        **{name: getattr(given, name) for name in plain},
        contacts=[NewContact(one.party, one.role) for one in given.contacts],
        budget=given.budget.amount if given.budget else None,
        currency=given.budget.currency if given.budget else "",
        characteristics=given.characteristics,
    )
    made = actions.create_deal(draft, by=request.actor)
    if given.tags:
        actions.tag_deal(made, given.tags, by=request.actor)
    return 201, _shown(request, response, made.pk)


@router.get("/{int:deal}", response=DealShape, summary="Get a deal")
def get_deal(request: ApiRequest, response: HttpResponse, deal: int) -> DealShape:
    """One deal with its ETag."""
    return _shown(request, response, deal)


@router.patch("/{int:deal}", response=DealShape, summary="Change a deal")
def change_deal(request: ApiRequest, response: HttpResponse, deal: int, given: DealChange) -> DealShape:
    """Only the fields sent are changed."""
    row = _deal(request, deal)
    values = given.model_dump(exclude_unset=True)
    tags = values.pop("tags", None)
    characteristics = values.pop("characteristics", None)
    if "budget" in values:
        money = given.budget
        values["budget"] = money.amount if money else None
        if money:
            values["currency"] = money.currency
    actions.change_deal(row, by=request.actor, etag=if_match(request), characteristics=characteristics, **values)
    if tags is not None:
        actions.tag_deal(row, tags, by=request.actor)
    return _shown(request, response, deal)


@router.delete("/{int:deal}", response={204: None}, summary="Delete a deal")
def delete_deal(request: ApiRequest, deal: int) -> tuple[int, None]:
    """Into the bin, for 30 days."""
    batches.bin_deals([_deal(request, deal).pk], by=request.actor)
    return 204, None


@router.post("/{int:deal}/move", response=DealShape, summary="Move a deal to a stage")
def move_deal(request: ApiRequest, response: HttpResponse, deal: int, given: MoveInput) -> DealShape:
    """On top of the stage, or between two cards of it."""
    row = _deal(request, deal)
    stage = Stage.objects.in_use().filter(pk=given.stage).first()
    if stage is None:
        raise Refusal(_("Choose a stage that is in use."), field="stage")
    actions.move_deal(row, stage, by=request.actor, above=given.above, below=given.below, reason=given.reason, loss=given.loss)
    return _shown(request, response, deal)


@router.post("/{int:deal}/win", response=DealShape, summary="Win a deal")
def win_deal(request: ApiRequest, response: HttpResponse, deal: int) -> DealShape:
    """Close an open deal as won."""
    actions.win_deal(_deal(request, deal), by=request.actor)
    return _shown(request, response, deal)


@router.post("/{int:deal}/lose", response=DealShape, summary="Lose a deal")
def lose_deal(request: ApiRequest, response: HttpResponse, deal: int, given: LoseInput) -> DealShape:
    """Close an open deal as lost and keep why."""
    actions.lose_deal(_deal(request, deal), by=request.actor, reason=given.reason, loss=given.loss)
    return _shown(request, response, deal)


@router.post("/{int:deal}/reopen", response=DealShape, summary="Reopen a deal")
def reopen_deal(request: ApiRequest, response: HttpResponse, deal: int) -> DealShape:
    """Put a closed deal back to the stage it came from."""
    actions.reopen_deal(_deal(request, deal), by=request.actor)
    return _shown(request, response, deal)


@router.get("/{int:deal}/contacts", response=list[ContactShape], summary="List the contacts of a deal")
def list_deal_contacts(request: ApiRequest, deal: int) -> list[ContactShape]:
    """Each with its role."""
    return [_contact(link) for link in _deal(request, deal).contacts.select_related("party").order_by("id")]


def _contact(link: DealContact) -> ContactShape:
    return ContactShape(party=link.party_id, name=link.party.name, role=link.role)


@router.post("/{int:deal}/contacts", response=ContactShape, summary="Add a contact to a deal")
def add_deal_contact(request: ApiRequest, deal: int, given: ContactInput) -> ContactShape:
    """A party that is there already gets the new role."""
    return _contact(actions.add_deal_contact(_deal(request, deal), given.party, by=request.actor, role=given.role))


@router.delete("/{int:deal}/contacts/{int:party}", response={204: None}, summary="Take a contact out of a deal")
def remove_deal_contact(request: ApiRequest, deal: int, party: int) -> tuple[int, None]:
    """The customer himself stays."""
    actions.remove_deal_contact(_deal(request, deal), party, by=request.actor)
    return 204, None


@router.get("/{int:deal}/comments", response=list[CommentShape], summary="List the comments of a deal")
def list_deal_comments(request: ApiRequest, deal: int) -> list[CommentShape]:
    """The oldest first."""
    return [CommentShape.of(row) for row in _deal(request, deal).comments.order_by("id")]


@router.post("/{int:deal}/comments", response={201: CommentShape}, summary="Comment on a deal")
def comment_on_deal(request: ApiRequest, deal: int, given: CommentInput) -> tuple[int, CommentShape]:
    """Colleagues named with @ are told."""
    return 201, CommentShape.of(actions.comment_deal(_deal(request, deal), given.text, by=request.actor))


@router.get("/{int:deal}/stages", response=list[StageChangeShape], summary="List the stages a deal went through")
def list_deal_stages(request: ApiRequest, deal: int) -> list[StageChangeShape]:
    """The oldest first: when it came, when it left, by whom, with which budget."""
    rows = StageChange.objects.filter(deal=_deal(request, deal)).select_related("stage").order_by("id")
    return [
        StageChangeShape(
            stage=row.stage_id,
            stage_name=row.stage.name,
            before=row.before_id,
            at=row.at,
            left_at=row.left_at,
            amount=Money.of(row.amount, row.currency),
            by=row.by_label,
            reason=row.reason,
        )
        for row in rows
    ]
