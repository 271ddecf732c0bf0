"""The fields of a customer: one description for lists, filters, forms, import, export, the API and segments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from dialogue.customers.parties.drafts import ENTITY
from dialogue.customers.parties.models import (
    TAGS,
    Channel,
    Consent,
    ConsentState,
    ContactKind,
    ContactPoint,
    Decision,
    Party,
    PartyKind,
    PartyRelation,
    Phase,
    Purpose,
    Sex,
    Tag,
)
from dialogue.kit.phones import phone_part
from dialogue.kit.reference import remembered
from dialogue.kit.zones import zone_named, zones_in_words
from dialogue.platform.accounts.members import member_choices
from dialogue.platform.criteria.fields import Asking, Choices, Entity, Field, Relation, entities
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.rules import Compiler, RuleRefusal, Tree

MOST_TAGS = 500
POINTS: models.Prefetch[Any] = models.Prefetch("contacts", to_attr="points")
party = entities.add(
    ENTITY,
    Entity(name=ENTITY, label=gettext_lazy("customer"), plural=gettext_lazy("customers"), model=Party, characterised=True),
)


def known_tags(entity: str) -> Choices:
    """Return the tags of an entity as (id, name): what a field of tags offers."""
    return remembered(
        TAGS,
        lambda: [(str(tag), name) for tag, name in Tag.objects.filter(entity=entity).values_list("pk", "name")[:MOST_TAGS]],
        key=entity,
    )


def known_zones() -> Choices:
    """Return the time zones to choose from, with their cities in the reader's language."""
    return list(zones_in_words(get_language() or "en"))


def _tags(asking: Asking) -> Choices:
    return known_tags(ENTITY)


def _members(asking: Asking) -> Choices:
    return member_choices()


def _listed(choices: type[models.TextChoices]) -> Any:
    def listed(asking: Asking) -> Choices:
        return [(value, str(words)) for value, words in choices.choices]

    return listed


def primary_of(points: Iterable[ContactPoint], kind: str) -> ContactPoint | None:
    """Return the primary one of a kind among a customer's contact points."""
    return min(
        (point for point in points if point.kind == kind), key=lambda point: (not point.is_primary, point.pk), default=None
    )


def point_of(row: Any, kind: str) -> ContactPoint | None:
    """Return the primary contact of a kind; `contacts` should be prefetched."""
    return primary_of(row.points if hasattr(row, "points") else row.contacts.all(), kind)


def contact_of(row: Any, kind: str) -> str:
    """Return the primary contact of a kind as given, "" where there is none; `contacts` should be prefetched."""
    point = point_of(row, kind)
    return point.value if point else ""


def _contact(kind: ContactKind, label: Any, **more: Any) -> Field:
    return Field(
        str(kind),
        label,
        FieldKind.TEXT,
        "contacts__normal",
        links=True,
        importable=True,
        among={"contacts__kind": str(kind)},
        read=lambda row: contact_of(row, kind),
        fetches=(POINTS,),
        reads=("id",),
        **more,
    )


def _text(name: str, label: Any, **more: Any) -> Field:
    return Field(name, label, FieldKind.TEXT, name, **({"editable": True, "importable": True} | more))


party.add(
    Field("name", pgettext_lazy("of a customer", "name"), FieldKind.TEXT, "name", sort="name_sort", editable=True, importable=True),
    Field("kind", gettext_lazy("kind"), FieldKind.CHOICE, "kind", choices=_listed(PartyKind), importable=True),
    Field(
        "company", gettext_lazy("company"), FieldKind.TEXT, "company__name", importable=True, joins=("company",), reads=("company__name",),
        read=lambda row: row.company.name if row.company_id and row.company else "",
    ),
    _text("position", gettext_lazy("position")),
    _contact(ContactKind.EMAIL, gettext_lazy("e-mail")),
    _contact(ContactKind.PHONE, gettext_lazy("phone"), clean=phone_part),
    Field("city", gettext_lazy("city"), FieldKind.TEXT, "city", importable=True),
    Field("region", gettext_lazy("region"), FieldKind.TEXT, "region", importable=True),
    Field("country", gettext_lazy("country"), FieldKind.TEXT, "country", importable=True),
    Field("phase", gettext_lazy("phase"), FieldKind.CHOICE, "phase", choices=_listed(Phase), editable=True, importable=True),
    Field(
        "responsible", gettext_lazy("responsible"), FieldKind.USER, "responsible_id",
        choices=_members, editable=True, importable=True, joins=("responsible",),
        reads=("responsible__name", "responsible__email"),
        said=lambda row: str(row.responsible) if row.responsible_id else "",
    ),
    Field(
        "tags", gettext_lazy("tags"), FieldKind.CHOICES, "tag_links__tag_id", choices=_tags, links=True, editable=True,
        importable=True, fetches=("tag_links__tag",), reads=("id",),
        read=lambda row: [str(link.tag_id) for link in row.tag_links.all()],
        said=lambda row: ", ".join(sorted(link.tag.name for link in row.tag_links.all())),
    ),
    _text("last_name", gettext_lazy("last name")),
    _text("first_name", gettext_lazy("first name")),
    _text("middle_name", gettext_lazy("middle name")),
    _text("legal_name", gettext_lazy("registered name")),
    _text("tax_number", gettext_lazy("tax number")),
    _text("external_id", gettext_lazy("own number")),
    Field("birth_on", gettext_lazy("birthday"), FieldKind.DATE, "birth_on", editable=True, importable=True),
    Field("sex", gettext_lazy("sex"), FieldKind.CHOICE, "sex", choices=_listed(Sex), editable=True, importable=True),
    _text("language", gettext_lazy("language")),
    _text("time_zone", gettext_lazy("time zone"), clean=lambda text: zone_named(text) or text, offers=known_zones),
    Field(
        "decision", gettext_lazy("role in decisions"), FieldKind.CHOICE, "decision", choices=_listed(Decision), editable=True,
        importable=True,
    ),
    Field("is_customer", gettext_lazy("is a customer"), FieldKind.YES_NO, "is_customer", editable=True, importable=True),
    Field("is_supplier", gettext_lazy("is a supplier"), FieldKind.YES_NO, "is_supplier", editable=True, importable=True),
    Field("note", gettext_lazy("note"), FieldKind.LONG_TEXT, "note", editable=True, importable=True),
    Field("created_at", gettext_lazy("created"), FieldKind.MOMENT, "created_at", sort="created_at"),
    Field("updated_at", gettext_lazy("changed"), FieldKind.MOMENT, "updated_at", sort="updated_at"),
    Field("phase_since", gettext_lazy("in the phase since"), FieldKind.MOMENT, "phase_since"),
    Field("company_id", gettext_lazy("number of the company"), FieldKind.LINK, "company_id"),
)  # fmt: skip
party.relations.add(
    "person",
    Relation(
        ENTITY, "company_id", gettext_lazy("people of the company"),
        there=gettext_lazy("people work there"), none=gettext_lazy("nobody is known to work there"),
    ),
)  # fmt: skip
party.relations.add(
    "company",
    Relation(
        ENTITY, "staff__id", gettext_lazy("company of the person"),
        there=gettext_lazy("works at a company"), none=gettext_lazy("works at no company"),
    ),
)  # fmt: skip


def related(compiler: Compiler, tree: Tree, where: str) -> Q:
    """Return who stands in a relation: `{"related": "decides_for", "where": [rules about the other side]}`.

    `"back": true` asks from the other side: who is decided for.

    Raises:
        RuleRefusal: `where` is not a list of rules, or the records are not customers.
    """
    compiler._only(tree, {"related", "where", "back"}, where)
    parts = tree.get("where", [])
    if compiler.entity is not party or not isinstance(parts, list) or "\x00" in str(tree["related"]):
        raise RuleRefusal(_("“%(word)s” takes a list of rules.") % {"word": "where"}, field=where)
    others = Party.objects.all()
    for number, part in enumerate(parts):
        others = others.filter(compiler.compile(part, f"{where}.where[{number}]", 1))
    today = compiler.asking.now.astimezone(compiler.asking.zone).date()
    ties = PartyRelation.objects.filter(Q(until=None) | Q(until__gte=today), type__code=str(tree["related"]))
    if tree.get("back"):
        return Q(pk__in=ties.filter(first__in=others.values("pk")).values("second_id"))
    return Q(pk__in=ties.filter(second__in=others.values("pk")).values("first_id"))


def consent(compiler: Compiler, tree: Tree, where: str) -> Q:
    """Return whose latest word is such: `{"consent": "email", "is": "given"}`, for offers unless `purpose` says otherwise.

    Raises:
        RuleRefusal: an unknown channel, purpose or state, or the records are not customers.
    """
    compiler._only(tree, {"consent", "purpose", "is"}, where)
    channel, purpose, state = tree["consent"], tree.get("purpose", str(Purpose.MARKETING)), tree.get("is", "given")
    for value, known in ((channel, Channel), (purpose, Purpose), (state, ConsentState)):
        if value not in known.values or compiler.entity is not party:
            raise RuleRefusal(_("“%(value)s” is none of the list.") % {"value": value}, field=where)
    latest = Consent.objects.filter(channel=channel, purpose=purpose, at__lte=compiler.asking.now).current()
    return Q(pk__in=Consent.objects.filter(pk__in=latest.values("pk"), state=state).values("party_id"))
