"""The field registry: every attribute of every kind of record, built in or defined by the company, described once.

Lists, filters, forms, import, export, the API, segments and print read the same description.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import frozen, record
from dialogue.kit.reference import remembered
from dialogue.kit.registry import Registry
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.models import DEFINITIONS, Characteristic

CHARACTERISTICS = "characteristics."
Choices = list[tuple[str, str]]


@frozen
class Asking:
    """Who asks and when: what "me", "today" and "within 14d" mean in a rule; `kept` is what one reading has found out."""

    actor: Actor
    zone: tzinfo = UTC
    now: datetime = field(default_factory=timezone.now)
    week_start: int = 1
    currency: str = ""
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)


@frozen
class Field:
    """One attribute of a record.

    `path` is the ORM path that is compared; `sort` the one that orders ("" = cannot be sorted by); `currency` the path of
    a money's currency; `choices` lists (value, words) for the reader; `offers` does for a text that is usually one of a long list. `links` says the path crosses to many rows, so it
    is compared by a semi-join; `among` narrows which of them count. `clean` makes a text as typed comparable; `read` returns
    a row's value where its path does not, `said` the words of it where the value is a bare id. `characteristic` is set for
    a field the company defined. `compare(operator, value, asking)` is the condition of a field that no one path holds;
    its refusals are ValueErrors. One that is asked about only, never a column, is not `shown`. `joins` and `fetches` name what is read along (to-one, to-many) where rows show the field.
    """

    name: str
    label: str | Promise
    kind: FieldKind
    path: str
    sort: str = ""
    currency: str = ""
    choices: Callable[[Asking], Choices] | None = None
    offers: Callable[[], Choices] | None = None
    links: bool = False
    filterable: bool = True
    editable: bool = False
    importable: bool = False
    hint: str | Promise = ""
    applies_to: str = ""
    characteristic: Characteristic | None = None
    among: Mapping[str, Any] = field(default_factory=dict)
    clean: Callable[[str], str] | None = None
    read: Callable[[Any], Any] | None = None
    said: Callable[[Any], str] | None = None
    compare: Callable[[str, Any, Asking], models.Q] | None = None
    joins: tuple[str, ...] = ()
    fetches: tuple[str | models.Prefetch[Any], ...] = ()
    reads: tuple[str, ...] = ()
    shown: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether the field shows what stands at its path in the row's own tables, and nothing else."""
        return self.read is None and self.said is None and not self.links and not self.fetches

    def choices_for(self, asking: Asking) -> Choices:
        """Return what may be chosen, with words."""
        if self.characteristic is not None:
            return [(str(choice["code"]), str(choice["label"])) for choice in self.characteristic.choices]
        return self.choices(asking) if self.choices else []

    def value_of(self, row: Any) -> Any:
        """Return the row's value."""
        if self.characteristic is not None:
            return row.characteristics.get(self.characteristic.code)
        if self.read is not None:
            return self.read(row)
        value = row
        for step in self.path.split("__"):
            value = getattr(value, step, None)
            if value is None:
                return None
        return value


@frozen
class Relation:
    """Rows of another entity that belong to a record: `key` is their ORM path to its id.

    `there` and `none` say in a sentence that there are such rows and that there are none ("has purchases").
    """

    entity: str
    key: str
    label: str | Promise
    extra: Mapping[str, Any] = field(default_factory=dict)
    there: str | Promise = ""
    none: str | Promise = ""


@record
class Entity:
    """A kind of record: its model, its fields, its relations."""

    name: str
    label: str | Promise
    plural: str | Promise
    model: type[models.Model]
    title: str = "name"
    fields: Registry[Field] = field(default_factory=lambda: Registry("fields"))
    relations: Registry[Relation] = field(default_factory=lambda: Registry("relations"))
    characterised: bool = False

    def add(self, *fields: Field) -> None:
        """Register fields in their order."""
        for one in fields:
            self.fields.add(one.name, one)

    def defined(self) -> list[Field]:
        """Return the fields the open company defined."""
        if not self.characterised:
            return []
        return remembered(DEFINITIONS, self._defined, key=self.name)

    def _defined(self) -> list[Field]:
        return [field_of(definition) for definition in Characteristic.objects.of(self.name)]

    def every_field(self) -> dict[str, Field]:
        """Return all fields by name, built-in ones first. Costs one query where the entity has characteristics."""
        return {one.name: one for one in [*self.fields, *self.defined()]}

    def visible_to(self, actor: Actor) -> models.QuerySet[Any]:
        """Return the rows the actor may see."""
        return self.model._default_manager.visible_to(actor)  # type: ignore[attr-defined,no-any-return]


entities: Registry[Entity] = Registry("entities")


def known_fields(entity: Entity, asking: Asking) -> dict[str, Field]:
    """Return the entity's fields by name, looked up once a reading."""
    key = ("fields", id(entity))
    if key not in asking.kept:
        # The entity is kept beside them, so that no other one gets its id.
        asking.kept[key] = (entity, entity.every_field())
    found: dict[str, Field] = asking.kept[key][1]
    return found


def field_of(definition: Characteristic) -> Field:
    """Return the field a characteristic makes."""
    path = definition.slot or f"characteristics__{definition.code}"
    return Field(
        name=CHARACTERISTICS + definition.code,
        label=definition.label,
        kind=FieldKind(definition.kind),
        path=path,
        sort=definition.slot,
        filterable=definition.kind != FieldKind.LONG_TEXT,
        editable=True,
        importable=True,
        hint=definition.hint,
        applies_to=definition.applies_to,
        characteristic=definition,
        reads=("characteristics",),
    )


def refuse_unknown_fields(entity: Entity, names: Iterable[str], known: Mapping[str, Field]) -> None:
    """Refuse names that the entity does not have.

    Raises:
        Refusal: names the field and the entity.
    """
    for name in names:
        if name not in known:
            raise Refusal(
                _("There is no field “%(field)s” in “%(entity)s”.") % {"field": name, "entity": entity.plural},
                field=name,
                code="unknown-field",
            )
