"""The list of contacts, declared: the page, its filters, what can be done with many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.actions import change_party
from dialogue.customers.parties.bulk import bin_parties, change_parties, restore_parties, tag_parties, untag_parties
from dialogue.customers.parties.details import set_tags
from dialogue.customers.parties.drafts import ENTITY
from dialogue.customers.parties.fields import contact_of, point_of
from dialogue.customers.parties.models import Party, Tag
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.customers.parties.rules import printed_phone
from dialogue.kit.actors import Actor
from dialogue.kit.addresses import record_url
from dialogue.kit.doors import whole_number, whole_numbers
from dialogue.platform.criteria.fields import CHARACTERISTICS, Asking
from dialogue.platform.imports.permissions import ImportPermission
from dialogue.platform.lists.pages import BulkVerb, Button, Empty, ListPage, Preset
from dialogue.platform.search.finding import found_ids


def _search(rows: QuerySet[Any], text: str, asking: Asking) -> QuerySet[Any]:
    return rows.filter(pk__in=found_ids(ENTITY, text))


def _company(row: Any, asking: Asking) -> SafeString | str:
    if not row.company_id or row.company is None:
        return ""
    return format_html('<a href="{}">{}</a>', record_url("party_card", row.company_id), row.company.name)


def _email(row: Any, asking: Asking) -> SafeString | str:
    value = contact_of(row, "email")
    return format_html('<a href="mailto:{}">{}</a>', value, value) if value else ""


def _phone(row: Any, asking: Asking) -> SafeString | str:
    point = point_of(row, "phone")
    return format_html('<a href="tel:{}">{}</a>', point.normal.partition(";")[0], printed_phone(point.normal)) if point else ""


def _tags(row: Any, asking: Asking) -> SafeString:
    names = sorted(link.tag.name for link in row.tag_links.all())
    return format_html_join(" ", '<span class="chip">{}</span>', ((name,) for name in names))


def change_cell(row: Party, name: str, value: Any, *, by: Actor) -> Party:
    """Change one field from the list's cell; return the customer.

    Raises:
        Refusal: the value is wrong.
    """
    if name == "tags":
        chosen = Tag.objects.filter(pk__in=whole_numbers(value or []))
        return set_tags(row, list(chosen.values_list("name", flat=True)), by=by)
    if name.startswith(CHARACTERISTICS):
        return change_party(row, {"characteristics": {name.removeprefix(CHARACTERISTICS): value}}, by=by)
    if name == "responsible":
        value = whole_number(value)
    empty = None if name in {"birth_on", "responsible"} else ""
    return change_party(row, {name: empty if value is None else value}, by=by)


def _set(name: str) -> Any:
    def run(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
        wanted = int(value) if name == "responsible" and value else value
        befores = change_parties({pk: {name: wanted} for pk in ids}, by=by)
        return {pk: before[name] for pk, before in befores.items()}

    return run


def _put_back(name: str) -> Any:
    def restore(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
        held = int(after) if name == "responsible" and after else after
        column = {"responsible": "responsible_id"}.get(name, name)
        still = Party.objects.filter(pk__in=list(befores), **{column: held}).values_list("pk", flat=True)
        return list(change_parties({pk: {name: befores[pk]} for pk in still}, by=by))

    return restore


def _tag(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    return dict(tag_parties(ids, [int(tag) for tag in value or []], by=by))


def _untag(befores: Mapping[int, Any], after: Any, by: Actor) -> list[int]:
    return untag_parties(befores, by=by)


def _bin(ids: list[int], value: Any, by: Actor) -> dict[int, Any]:
    return dict.fromkeys(bin_parties(ids, by=by), True)


def _unbin(befores: dict[int, Any], after: Any, by: Actor) -> list[int]:
    return restore_parties(list(befores), by=by)


ADD = Button(_("New contact"), "party_new", permission=PartyPermission.WRITE, main=True, dialog=True, key="n")
LOAD = Button(_("Import"), "import_new", permission=ImportPermission.RUN)
CONTACTS = ListPage(
    name="contacts",
    entity=ENTITY,
    title=_("Contacts"),
    url_name="contacts",
    columns=("name", "company", "phone", "email", "city", "phase", "responsible"),
    quick=("kind", "phase", "responsible", "tags", "city", "created_at"),
    empty=Empty(
        _("No customers yet"),
        _("Add the first one by hand, or load a table with all of them: people, companies and how to reach them."),
        buttons=(ADD, LOAD),
    ),
    row_url=lambda row: record_url("party_card", row.pk),
    sort="name",
    reads=("name",),
    search_words=_("Name, phone, e-mail"),
    presets=(
        Preset("people", _("People"), {"field": "kind", "is": "person"}),
        Preset("companies", _("Companies"), {"field": "kind", "is": "company"}),
        Preset("mine", _("Mine"), {"field": "responsible", "is": "me"}),
        Preset("nobody", _("Without a responsible member"), {"field": "responsible", "empty": True}),
        Preset("suppliers", _("Suppliers"), {"field": "is_supplier", "is": True}),
    ),
    buttons=(LOAD, ADD),
    bulk=(
        BulkVerb(
            "responsible",
            _("Hand over"),
            PartyPermission.ASSIGN,
            "responsible",
            _set("responsible"),
            _put_back("responsible"),
        ),
        BulkVerb("phase", _("Phase"), PartyPermission.WRITE, "phase", _set("phase"), _put_back("phase")),
        BulkVerb("time_zone", _("Time zone"), PartyPermission.WRITE, "time_zone", _set("time_zone"), _put_back("time_zone")),
        BulkVerb("tags", _("Add tags"), PartyPermission.WRITE, "tags", _tag, _untag),
        BulkVerb("bin", _("Delete"), PartyPermission.BIN, "", _bin, _unbin),
    ),
    search=_search,
    cells={"company": _company, "email": _email, "phone": _phone, "tags": _tags},
    change=change_cell,
)
