"""The list of purchases, declared."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from dialogue.kit.addresses import record_url
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.imports.permissions import ImportPermission
from dialogue.platform.lists.pages import Button, Empty, ListPage, Preset
from dialogue.platform.search.finding import found_ids
from dialogue.selling.purchases.fields import ENTITY
from dialogue.selling.purchases.models import Purchase
from dialogue.selling.purchases.permissions import PurchasePermission


def _search(rows: QuerySet[Any], text: str, asking: Asking) -> QuerySet[Any]:
    # One set of ids: a plain "or" would be asked of every purchase there is.
    by_number = Purchase.objects.filter(external_id=text).order_by().values("pk")
    by_customer = Purchase.objects.filter(party_id__in=found_ids("party", text)).order_by().values("pk")
    return rows.filter(pk__in=by_number.union(by_customer, all=True))


def _number(row: Any, asking: Asking) -> str:
    return str(row)


def _party(row: Any, asking: Asking) -> SafeString | str:
    if not row.party_id or row.party is None:
        return ""
    return format_html('<a href="{}">{}</a>', record_url("party_card", row.party_id), row.party.name)


LOAD = Button(_("Import"), "import_list", permission=ImportPermission.RUN)
PURCHASES = ListPage(
    name="purchases",
    entity=ENTITY,
    title=_("Purchases"),
    url_name="purchase_list",
    columns=("number", "at", "party", "amount", "note"),
    quick=("at", "is_return", "party"),
    empty=Empty(
        _("No purchases yet"),
        _("Load them from the till, the shop or the books: who bought what and when. An import can be undone."),
        buttons=(LOAD,),
    ),
    row_url=lambda row: record_url("purchase", row.pk),
    sort="-at",
    permission=PurchasePermission.READ,
    amount="amount",
    search_words=_("Number, customer"),
    presets=(
        Preset("returns", _("Returns"), {"field": "is_return", "is": True}),
        Preset("anonymous", _("Anonymous"), {"field": "party", "empty": True}),
    ),
    buttons=(LOAD,),
    search=_search,
    cells={"number": _number, "party": _party},
)
