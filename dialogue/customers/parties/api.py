"""The API operations over customers: people and companies, how to reach them, relations, consents."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Status
from pydantic import Field

from dialogue.customers.parties import actions, details
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.parties.merging import merge_parties, unmerge_parties
from dialogue.customers.parties.models import Address, Consent, ContactPoint, Merge, Party, PartyRelation, RelationType, Tag
from dialogue.customers.parties.permissions import KIND
from dialogue.kit.actors import Reach
from dialogue.kit.api.paging import Page, Paging, page_of
from dialogue.kit.api.shapes import Facts, Input, Moment, Shape, Text
from dialogue.kit.api.versions import if_match, tell_version
from dialogue.kit.doors import visible_or_404
from dialogue.kit.errors import Refusal
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.criteria.api import Filtered, Search, filtered_page

router = Router(tags=["parties"])
Name = Annotated[Text, Field(max_length=200)]
Number = Annotated[int, Field(ge=1, lt=2**63)]


class NamedRow(Shape):
    """A row that something points to."""

    id: int
    name: str


class ContactShape(Shape):
    """A way to reach a customer; `normal` is the form by which it is found."""

    id: int
    kind: str
    value: str
    normal: str
    label: str
    is_primary: bool
    verified_at: Moment | None
    bad_at: Moment | None


class AddressShape(Shape):
    """A postal address."""

    id: int
    kind: str
    is_primary: bool
    country: str
    region: str
    city: str
    street: str
    house: str
    block: str
    flat: str
    postcode: str
    line: str


class PartyShape(Shape):
    """A customer: a person or a company. `characteristics` holds the fields the company defined, by code."""

    id: int
    kind: str
    name: str
    legal_name: str
    tax_number: str
    last_name: str
    first_name: str
    middle_name: str
    company: NamedRow | None
    position: str
    decision: str
    birth_on: date | None
    sex: str
    language: str
    time_zone: str
    phase: str
    responsible: int | None
    is_customer: bool
    is_supplier: bool
    external_id: str
    country: str
    region: str
    city: str
    note: str
    tags: list[str]
    contacts: list[ContactShape]
    characteristics: dict[str, Any]
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: Party) -> PartyShape:
        """Return the customer as the API shows him; company, contacts and tags should be loaded."""
        own = {
            name: getattr(row, name) for name in cls.model_fields if name not in {"company", "responsible", "tags", "contacts"}
        }
        company = NamedRow(id=row.company_id, name=row.company.name) if row.company_id and row.company else None
        return cls(
            **own,
            company=company,
            responsible=row.responsible_id,
            tags=sorted(link.tag.name for link in row.tag_links.all()),
            contacts=[ContactShape.model_validate(point) for point in row.contacts.all()],
        )


class ContactInput(Input):
    """A contact to add."""

    kind: Literal["email", "phone", "telegram", "whatsapp", "viber", "site", "other"]
    value: Annotated[Text, Field(min_length=1, max_length=254)]
    label: Annotated[Text, Field(max_length=60)] = ""
    is_primary: bool = False


class ContactChange(Input):
    """What of a contact changes; `verified` and `bad` (it does not work) mark it."""

    kind: Literal["email", "phone", "telegram", "whatsapp", "viber", "site", "other"] | None = None
    value: Annotated[Text, Field(min_length=1, max_length=254)] | None = None
    label: Annotated[Text, Field(max_length=60)] | None = None
    is_primary: bool | None = None
    verified: bool | None = None
    bad: bool | None = None


class AddressInput(Input):
    """An address: by parts, or in one line."""

    kind: Literal["home", "work", "delivery", "legal", "other"] = "work"
    is_primary: bool = False
    country: Annotated[Text, Field(max_length=2)] = ""
    region: Annotated[Text, Field(max_length=80)] = ""
    city: Annotated[Text, Field(max_length=80)] = ""
    street: Annotated[Text, Field(max_length=120)] = ""
    house: Annotated[Text, Field(max_length=20)] = ""
    block: Annotated[Text, Field(max_length=20)] = ""
    flat: Annotated[Text, Field(max_length=20)] = ""
    postcode: Annotated[Text, Field(max_length=12)] = ""
    line: Annotated[Text, Field(max_length=300)] = ""


class PartyFields(Input):
    """What may be set on a customer."""

    name: Name = ""
    legal_name: Name = ""
    tax_number: Annotated[Text, Field(max_length=40)] = ""
    last_name: Annotated[Text, Field(max_length=80)] = ""
    first_name: Annotated[Text, Field(max_length=80)] = ""
    middle_name: Annotated[Text, Field(max_length=80)] = ""
    company: Number | None = None
    position: Annotated[Text, Field(max_length=120)] = ""
    decision: Literal["", "decides", "influences", "uses", "pays"] = ""
    birth_on: date | None = None
    sex: Literal["", "f", "m"] = ""
    language: Annotated[Text, Field(max_length=5)] = ""
    time_zone: Annotated[Text, Field(max_length=60, description="As Europe/Chisinau; empty: that of the country.")] = ""
    phase: Literal["acquire", "develop", "keep", "end"] = "acquire"
    responsible: Number | None = None
    is_customer: bool = True
    is_supplier: bool = False
    external_id: Annotated[Text, Field(max_length=80)] = ""
    note: Annotated[Text, Field(max_length=20000)] = ""
    tags: Annotated[list[Annotated[Text, Field(min_length=1, max_length=60)]], Field(max_length=50, default_factory=list)]
    characteristics: Annotated[Facts, Field(default_factory=dict)]


class PartyInput(PartyFields):
    """A customer to create."""

    kind: Literal["person", "company"] = "person"
    contacts: Annotated[list[ContactInput], Field(max_length=50, default_factory=list)]
    address: AddressInput | None = None


class RelationShape(Shape):
    """A relation: `first` `type.forward` `second`."""

    id: int
    type: str
    forward: str
    reverse: str
    first: NamedRow
    second: NamedRow
    since: date | None
    until: date | None
    note: str

    @classmethod
    def of(cls, row: PartyRelation) -> RelationShape:
        """Return the relation as the API shows it; both sides and the type must be loaded."""
        return cls(
            id=row.pk,
            type=row.type.code,
            forward=row.type.forward,
            reverse=row.type.reverse,
            first=NamedRow(id=row.first_id, name=row.first.name),
            second=NamedRow(id=row.second_id, name=row.second.name),
            since=row.since,
            until=row.until,
            note=row.note,
        )


class RelationDates(Input):
    """When a relation held; an end closes it."""

    since: date | None = None
    until: date | None = None
    note: Annotated[Text, Field(max_length=200)] = ""


class RelationInput(RelationDates):
    """A relation to add: this customer `type` the other, or from the other side with `back`."""

    type: Annotated[Text, Field(max_length=30, description="The code of the kind, for example works_at.")]
    other: Number
    back: bool = False


class RelationTypeShape(Shape):
    """A kind of relation with its words from both sides."""

    code: str
    group: str
    forward: str
    reverse: str


class ConsentShape(Shape):
    """One word of the customer; the latest per channel and purpose counts."""

    id: int
    channel: str
    purpose: str
    state: str
    at: Moment
    source: str
    wording: str
    by_label: str


class ConsentInput(Input):
    """What the customer said."""

    channel: Literal["email", "call", "sms", "messenger", "post"]
    state: Literal["given", "refused", "withdrawn"]
    purpose: Literal["marketing", "service", "research", "profiling"] = "marketing"
    source: Annotated[Text, Field(max_length=200)] = ""
    wording: Annotated[Text, Field(max_length=60)] = ""
    evidence: Annotated[Facts, Field(default_factory=dict)]


def _related(rows: QuerySet[Party]) -> QuerySet[Party]:
    return rows.select_related("company").prefetch_related("contacts", "tag_links__tag")


def _seen(request: ApiRequest, number: int) -> Party:
    return visible_or_404(_related(Party.objects.visible_to(request.actor)), number)


def _told(request: ApiRequest, response: HttpResponse, number: int) -> PartyShape:
    row = _seen(request, number)
    tell_version(response, row)
    return PartyShape.of(row)


@router.get("", response=Page[PartyShape], summary="List customers")
def list_parties(request: ApiRequest, asked: Query[Filtered]) -> dict[str, Any]:
    """People and companies the member may see, the newest first; `filter` is a rule tree."""
    return filtered_page(request, "party", asked, shape=PartyShape.of, related=_related)


@router.post("/search", response=Page[PartyShape], summary="Search customers by a rule")
def search_parties(request: ApiRequest, asked: Search) -> dict[str, Any]:
    """The same list for rules too long for an address."""
    return filtered_page(request, "party", asked, shape=PartyShape.of, related=_related)


@router.post("", response={201: PartyShape}, summary="Create a customer")
def create_party(request: ApiRequest, response: HttpResponse, given: PartyInput) -> Any:
    """A person or a company with contacts, an address and tags at once; unknown tags are made."""
    values = given.model_dump(exclude={"contacts", "address", "tags"})
    draft = NewParty(**values)
    draft.contacts = [Contact(**one.model_dump()) for one in given.contacts]
    draft.address = given.address.model_dump() if given.address else {}
    if given.tags and request.actor.can(str(actions.create_party.permission)):
        draft.tags = list(details.tags_named(given.tags).values())
    made = actions.create_party(draft, by=request.actor)
    if draft.tags or draft.company or request.actor.reach_of(KIND) is not Reach.ALL:
        return Status(201, _told(request, response, made.pk))
    # Whoever sees every customer is told what was just written, without reading it again.
    made._prefetched_objects_cache["tag_links"] = []  # type: ignore[attr-defined]
    tell_version(response, made)
    return Status(201, PartyShape.of(made))


@router.get("/relation-types", response=list[RelationTypeShape], summary="List kinds of relation")
def list_relation_types(request: ApiRequest) -> QuerySet[RelationType]:
    """The kinds in use, in their order."""
    return RelationType.objects.filter(archived_at=None)


@router.get("/tags", response=Page[NamedRow], summary="List tags")
def list_tags(request: ApiRequest, asked: Query[Paging]) -> dict[str, Any]:
    """The tags of customers."""
    return page_of(Tag.objects.filter(entity="party"), asked, order=("id",), shape=NamedRow.model_validate)


@router.get("/{int:party}", response=PartyShape, summary="Get a customer")
def get_party(request: ApiRequest, response: HttpResponse, party: int) -> PartyShape:
    """With contacts, tags and characteristics; ETag carries the version."""
    return _told(request, response, party)


@router.patch("/{int:party}", response=PartyShape, summary="Change a customer")
def change_party(request: ApiRequest, response: HttpResponse, party: int, given: PartyFields) -> PartyShape:
    """Only the fields sent change; a stale If-Match is refused field by field."""
    row = _seen(request, party)
    values = given.model_dump(exclude_unset=True)
    tags = values.pop("tags", None)
    actions.change_party(row, values, by=request.actor, etag=if_match(request))
    if tags is not None:
        details.set_tags(row, tags, by=request.actor)
    return _told(request, response, party)


@router.delete("/{int:party}", response={204: None}, summary="Delete a customer")
def delete_party(request: ApiRequest, party: int) -> Any:
    """He goes to the bin for 30 days."""
    actions.bin_party(_seen(request, party), by=request.actor)
    return Status(204, None)


@router.post("/{int:party}/restore", response=PartyShape, summary="Restore a customer from the bin")
def restore_party(request: ApiRequest, response: HttpResponse, party: int) -> PartyShape:
    """Take him out of the bin."""
    row = visible_or_404(Party.with_bin.visible_to(request.actor), party)
    actions.restore_party(row, by=request.actor)
    return _told(request, response, party)


class MergeInput(Input):
    """The other record of the same customer; it goes to the bin."""

    other: Number


class MergeShape(Shape):
    """A merge, by whose number it is taken back."""

    id: int
    kept: int
    gone: int
    at: Moment
    undone_at: Moment | None

    @classmethod
    def of(cls, row: Merge) -> MergeShape:
        """Return the merge as the API shows it."""
        return cls(id=row.pk, kept=row.kept_id, gone=row.gone_id, at=row.at, undone_at=row.undone_at)


@router.post("/{int:party}/merge", response=MergeShape, summary="Merge two records of one customer")
def merge_party(request: ApiRequest, party: int, given: MergeInput) -> MergeShape:
    """The other one gives this one its contacts, dialogue, deals and whatever this one lacks."""
    other = visible_or_404(Party.objects.visible_to(request.actor), given.other)
    return MergeShape.of(merge_parties(_seen(request, party), other, by=request.actor))


@router.post("/{int:party}/merge/{int:merge}/undo", response=PartyShape, summary="Take a merge back")
def unmerge_party(request: ApiRequest, response: HttpResponse, party: int, merge: int) -> PartyShape:
    """What was moved and is still there goes back to the other record, which is answered."""
    row = visible_or_404(Merge.objects.filter(kept=_seen(request, party)), merge)
    return _told(request, response, unmerge_parties(row, by=request.actor).pk)


@router.post("/{int:party}/contacts", response={201: ContactShape}, summary="Add a contact")
def add_contact(request: ApiRequest, party: int, given: ContactInput) -> Any:
    """A phone, an e-mail, a messenger or a site; the first of its kind becomes primary."""
    return Status(201, details.add_contact_point(_seen(request, party), by=request.actor, **given.model_dump()))


@router.patch("/{int:party}/contacts/{int:contact}", response=ContactShape, summary="Change a contact")
def change_contact(request: ApiRequest, party: int, contact: int, given: ContactChange) -> ContactPoint:
    """A new value is unverified until it is verified again."""
    row = visible_or_404(ContactPoint.objects.filter(party=_seen(request, party)), contact)
    values = {name: value for name, value in given.model_dump(exclude_unset=True).items() if value is not None}
    marks = {name: values.pop(name) for name in ("verified", "bad") if name in values}
    if values:
        row = details.change_contact_point(row, values, by=request.actor)
    return details.mark_contact_point(row, by=request.actor, **marks) if marks else row


@router.delete("/{int:party}/contacts/{int:contact}", response={204: None}, summary="Remove a contact")
def remove_contact(request: ApiRequest, party: int, contact: int) -> Any:
    """The next of its kind becomes primary."""
    details.remove_contact_point(
        visible_or_404(ContactPoint.objects.filter(party=_seen(request, party)), contact), by=request.actor
    )
    return Status(204, None)


@router.get("/{int:party}/addresses", response=list[AddressShape], summary="List a customer's addresses")
def list_addresses(request: ApiRequest, party: int) -> QuerySet[Address]:
    """The primary one first."""
    return Address.objects.filter(party=_seen(request, party))


@router.post("/{int:party}/addresses", response={201: AddressShape}, summary="Add an address")
def add_address(request: ApiRequest, party: int, given: AddressInput) -> Any:
    """The first becomes primary."""
    return Status(201, details.set_address(_seen(request, party), given.model_dump(), by=request.actor))


@router.patch("/{int:party}/addresses/{int:address}", response=AddressShape, summary="Change an address")
def change_address(request: ApiRequest, party: int, address: int, given: AddressInput) -> Address:
    """Only the parts sent change."""
    row = _seen(request, party)
    kept = visible_or_404(Address.objects.filter(party=row), address)
    return details.set_address(row, given.model_dump(exclude_unset=True), by=request.actor, address=kept)


@router.delete("/{int:party}/addresses/{int:address}", response={204: None}, summary="Remove an address")
def remove_address(request: ApiRequest, party: int, address: int) -> Any:
    """The next becomes primary."""
    details.remove_address(visible_or_404(Address.objects.filter(party=_seen(request, party)), address), by=request.actor)
    return Status(204, None)


@router.get("/{int:party}/relations", response=list[RelationShape], summary="List a customer's relations")
def list_relations(request: ApiRequest, party: int) -> list[RelationShape]:
    """From both sides, the living first."""
    return [RelationShape.of(row) for row in PartyRelation.objects.of(_seen(request, party))]


@router.post("/{int:party}/relations", response={201: RelationShape}, summary="Relate two customers")
def add_relation(request: ApiRequest, party: int, given: RelationInput) -> Any:
    """The other one must be visible, too."""
    row = _seen(request, party)
    kind = RelationType.objects.filter(code=given.type, archived_at=None).first()
    if kind is None:
        raise Refusal(_("“%(value)s” is none of the list.") % {"value": given.type}, field="type", code="unknown-relation")
    other = visible_or_404(Party.objects.visible_to(request.actor), given.other)
    first, second = (other, row) if given.back else (row, other)
    dates = {"since": given.since, "until": given.until}
    made = details.relate(first, second, kind, by=request.actor, note=given.note, **dates)
    return Status(201, RelationShape.of(made))


def _tie(request: ApiRequest, party: int, relation: int) -> PartyRelation:
    return visible_or_404(PartyRelation.objects.of(_seen(request, party)), relation)


@router.patch("/{int:party}/relations/{int:relation}", response=RelationShape, summary="Change a relation's dates")
def change_relation(request: ApiRequest, party: int, relation: int, given: RelationDates) -> RelationShape:
    """An end date closes it."""
    row = details.change_relation(_tie(request, party, relation), given.model_dump(exclude_unset=True), by=request.actor)
    return RelationShape.of(row)


@router.delete("/{int:party}/relations/{int:relation}", response={204: None}, summary="Remove a relation")
def remove_relation(request: ApiRequest, party: int, relation: int) -> Any:
    """For one that never was; a true one gets an end date."""
    details.unrelate(_tie(request, party, relation), by=request.actor)
    return Status(204, None)


@router.get("/{int:party}/consents", response=Page[ConsentShape], summary="List what a customer allowed and refused")
def list_consents(request: ApiRequest, party: int, asked: Query[Paging]) -> dict[str, Any]:
    """Every word he said, the latest first."""
    return page_of(Consent.objects.filter(party=_seen(request, party)), asked, order=("-id",))


@router.post("/{int:party}/consents", response={201: ConsentShape}, summary="Record a consent")
def add_consent(request: ApiRequest, party: int, given: ConsentInput) -> Any:
    """The latest word per channel and purpose counts."""
    return Status(201, details.record_consent(_seen(request, party), by=request.actor, **given.model_dump()))
