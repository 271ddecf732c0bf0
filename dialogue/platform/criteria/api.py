"""Lists of the API that take a rule tree, and the fields such a tree may name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

from dialogue.kit.api.paging import Paging, page_of
from dialogue.kit.api.shapes import Shape
from dialogue.kit.errors import NotFound
from dialogue.platform.accounts.doors import ApiRequest
from dialogue.platform.criteria.fields import Asking, entities
from dialogue.platform.criteria.rules import RuleRefusal, matching

router = Router(tags=["fields"])
M = TypeVar("M", bound=Model)
TREE = 'A rule tree in JSON, for example {"field": "city", "is": "Рязань"}.'


class Filtered(Paging):
    """The query of a list: which page, and a rule tree as JSON text."""

    filter: Annotated[str, Field(max_length=20000, description=TREE)] = ""

    def tree(self) -> dict[str, Any]:
        """Return the rule tree.

        Raises:
            RuleRefusal: it is not JSON.
        """
        try:
            return json.loads(self.filter) if self.filter else {"all": []}
        except ValueError:
            raise RuleRefusal(_("The filter is not a rule in JSON."), field="filter") from None


class Search(Paging):
    """The body of `POST …/search`: the same as the list, for trees too long for an address."""

    filter: Annotated[dict[str, Any], Field(description=TREE)] = Field(default_factory=lambda: {"all": []})

    def tree(self) -> dict[str, Any]:
        """Return the rule tree."""
        return self.filter


class Choice(Shape):
    """A value that may be chosen."""

    value: str
    label: str


class FieldShape(Shape):
    """One field that a rule tree, a list or an import may name."""

    name: str
    label: str
    kind: str
    filterable: bool
    editable: bool
    choices: list[Choice]


def asking_of(request: ApiRequest) -> Asking:
    """Return who asks, in the company's time zone, week and currency."""
    company = request.company
    return Asking(request.actor, zone=company.zone, week_start=company.week_start, currency=company.currency)


def filtered_page(
    request: ApiRequest,
    entity: str,
    asked: Filtered | Search,
    *,
    shape: Callable[[Any], Any] | None = None,
    order: Sequence[str] = ("-id",),
    related: Callable[[QuerySet[Any]], QuerySet[Any]] = lambda rows: rows,
) -> dict[str, Any]:
    """Return one page of the entity's records that the member may see and the tree matches.

    Raises:
        RuleRefusal: the tree is wrong; names the part at fault.
        Refusal: the cursor is not one of this list.
    """
    rows = related(matching(entity, asked.tree(), asking_of(request)))
    return page_of(rows, asked, order=order, shape=shape)


@router.get("/{entity}", response=list[FieldShape], summary="List the fields of a kind of record")
def list_fields(request: ApiRequest, entity: str) -> list[FieldShape]:
    """Built-in fields first, then those the company defined; a rule tree names them by `name`."""
    found = entities.find(entity)
    if found is None:
        raise NotFound(_("There is no such kind of record."), field="entity")
    asking = asking_of(request)
    return [
        FieldShape(
            name=one.name,
            label=str(one.label),
            kind=str(one.kind),
            filterable=one.filterable,
            editable=one.editable,
            choices=[Choice(value=value, label=label) for value, label in one.choices_for(asking)],
        )
        for one in found.every_field().values()
    ]
