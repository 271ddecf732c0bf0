"""How search finds a deal: by its name, number, parties and every characteristic (S0-14)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.addresses import record_url
from dialogue.kit.money import print_money
from dialogue.kit.statement import Statement, one_of
from dialogue.platform.search.kinds import Findable, Hit, SearchKind
from dialogue.selling.deals.drafts import ENTITY
from dialogue.selling.deals.models import Deal


class JsonValues(Func):
    """`jsonb_path_query_array(value, '$.**')` as text would repeat keys: only scalars are found by search."""

    template = (
        "(SELECT string_agg(value #>> '{}', ' ') FROM jsonb_path_query(%(expressions)s, "
        '\'$.** ? (@.type() == "string" || @.type() == "number")\') AS value)'
    )
    output_field = TextField()


def _rows() -> QuerySet[Any]:
    return Deal.with_bin.annotate(searched=Coalesce(JsonValues(F("characteristics")), Value(""), output_field=TextField()))


def _texts(rows: QuerySet[Any]) -> Iterable[Findable]:
    """Read deals and the names of their parties apart: joined, tables not analysed yet were walked for each deal."""
    held = list(rows.values_list("pk", "title", "external_id", "company_id", "contact_id", "searched"))
    parties = sorted({party for row in held for party in row[3:5] if party is not None})
    found = Party.with_bin.filter(one_of("id", parties)).values_list("pk", "name") if parties else ()
    names: dict[int | None, str] = dict(found)
    return [
        Findable(pk, title, f"{title} {number} {names.get(company, '')} {names.get(contact, '')} {values}")
        for pk, title, number, company, contact, values in held
    ]


def _visible_to(actor: Actor) -> QuerySet[Any]:
    return Deal.objects.visible_to(actor)


# What a line of what was found says of a deal.
SAID = ("title", "budget", "currency", "stage__name", "company__name", "contact__name")


def _said(actor: Actor, ids: int) -> QuerySet[Any]:
    return _visible_to(actor).filter(one_of("pk", ids)).select_related("stage", "company", "contact").only(*SAID)


def _describe(found: Sequence[Deal]) -> Sequence[Hit]:
    shown = []
    for deal in found:
        who = deal.company or deal.contact
        amount = print_money(deal.budget, deal.currency) if deal.budget is not None else ""
        hint = " · ".join(part for part in (deal.stage.name, who.name if who else "", amount) if part)
        shown.append(Hit(ENTITY, deal.pk, deal.title, hint, record_url("deal_card", deal.pk)))
    return shown


deals = SearchKind(
    name=ENTITY,
    label=_("Deals"),
    rows=_rows,
    texts=_texts,
    visible_to=_visible_to,
    read=(Statement(_said),),
    describe=_describe,
)
