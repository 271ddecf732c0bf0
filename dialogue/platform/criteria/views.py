"""The settings page of characteristics: the fields a company defines itself, per kind of record."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dialogue.kit.errors import NotPermitted, Refusal
from dialogue.platform.accounts.doors import MemberRequest, member_page
from dialogue.platform.criteria.actions import (
    archive_characteristic,
    change_characteristic,
    define_characteristic,
    move_characteristic,
    restore_characteristic,
)
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.criteria.fields import Entity, entities
from dialogue.platform.criteria.kinds import DEFINABLE, FieldKind
from dialogue.platform.criteria.models import SLOTS_OF, Characteristic
from dialogue.platform.criteria.permissions import CriteriaPermission

VERBS = {"archive": archive_characteristic, "restore": restore_characteristic, "up": move_characteristic}


def _characterised() -> list[Entity]:
    return [entity for entity in entities if entity.characterised]


def _entity(name: str) -> Entity:
    found = next((entity for entity in _characterised() if entity.name == name), None)
    if found is None:
        raise Http404
    return found


def _may(request: MemberRequest) -> None:
    if not request.actor.can(CriteriaPermission.DEFINE):
        raise NotPermitted(_("To define fields you must have the permission “Define characteristics”."))


@member_page
def characteristics(request: MemberRequest, entity: str = "") -> HttpResponse:
    """Show the fields of one kind of record in the order of the card, and those out of use."""
    _may(request)
    found = _entity(entity) if entity else _characterised()[0]
    rows = Characteristic.objects.filter(entity=found.name).order_by("position", "id")
    context = {
        "entity": found,
        "entities": _characterised(),
        "live": [row for row in rows if row.archived_at is None],
        "archived": [row for row in rows if row.archived_at is not None],
        "kinds": dict(_kinds_of(request, found)),
    }
    return render(request, "criteria/characteristics.html", context)


def _kinds_of(request: MemberRequest, entity: Entity) -> list[tuple[str, str]]:
    kind = entity.fields.find("kind")
    return kind.choices_for(asking_of(request.actor, request.company)) if kind else []


@member_page
@require_http_methods(["GET", "POST"])
def characteristic(request: MemberRequest, entity: str, pk: int = 0) -> HttpResponse:
    """Show the dialog of a field, or define or change it."""
    _may(request)
    found = _entity(entity)
    row = get_object_or_404(Characteristic.objects.filter(entity=found.name), pk=pk) if pk else None
    if request.method == "GET":
        return _form(request, found, row, _given(row))
    given: dict[str, Any] = request.POST.dict()
    values = {
        "label": given.get("label", ""),
        "hint": given.get("hint", ""),
        "choices": _choices(row, given.get("choices", "")),
        "filterable": bool(given.get("filterable")),
        "applies_to": given.get("applies_to", ""),
    }
    try:
        if row is None:
            define_characteristic(
                found.name, kind=given.get("kind", ""), code=given.get("code", ""), by=request.actor, **values
            )
        else:
            change_characteristic(row, by=request.actor, **values)
    except Refusal as refusal:
        return _form(request, found, row, given, refusal)
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


def _given(row: Characteristic | None) -> dict[str, Any]:
    if row is None:
        return {"kind": "text"}
    return {
        "label": row.label,
        "kind": row.kind,
        "hint": row.hint,
        "choices": "\n".join(str(choice["label"]) for choice in row.choices),
        "filterable": row.filterable,
        "applies_to": row.applies_to,
    }


def _choices(row: Characteristic | None, text: str) -> list[Any]:
    """Return the lines as a list of choices; a line whose words stay keeps its code, so values keep their meaning."""
    held = {str(choice["label"]): choice for choice in row.choices} if row else {}
    return [held.get(line.strip(), line.strip()) for line in text.splitlines() if line.strip()]


def _form(
    request: MemberRequest, entity: Entity, row: Characteristic | None, given: dict[str, Any], refusal: Refusal | None = None
) -> HttpResponse:
    context = {
        "entity": entity,
        "row": row,
        "given": given,
        "refusal": refusal,
        "field_kinds": [(kind.value, kind.label) for kind in DEFINABLE],
        "with_list": [FieldKind.CHOICE, FieldKind.CHOICES],
        "may_be_fast": row is None or FieldKind(row.kind) in SLOTS_OF,
        "record_kinds": _kinds_of(request, entity),
    }
    return render(request, "criteria/characteristic.html", context, status=422 if refusal else 200)


@member_page
@require_POST
def characteristic_verb(request: MemberRequest, entity: str, pk: int, verb: str) -> HttpResponse:
    """Take a field out of use, bring it back, or move it up."""
    _may(request)
    row = get_object_or_404(Characteristic.objects.filter(entity=_entity(entity).name), pk=pk)
    if verb not in VERBS:
        raise Http404
    VERBS[verb](row, by=request.actor)
    return redirect("characteristics_of", entity=entity)
