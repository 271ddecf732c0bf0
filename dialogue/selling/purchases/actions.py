"""Verbs over purchases; many at once are written by COPY and set statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Party
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.actions import record_entries
from dialogue.customers.timeline.attribution import touches_behind
from dialogue.customers.timeline.bulk import EntryDraft
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput
from dialogue.kit.money import round_half_up
from dialogue.kit.scope import current_tenant
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.embedded.writing import write_rows
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.catalog.actions import ensure_products
from dialogue.selling.purchases.models import Purchase, PurchaseLine
from dialogue.selling.purchases.permissions import PurchasePermission
from dialogue.selling.purchases.rules import LONGEST_COUPON, coupon_code
from dialogue.selling.purchases.signals import PurchasesFact, purchases_recorded

PLACES = 4
PURCHASES = Purchase._meta.db_table
MOST = Decimal(10) ** 15


@dataclass(slots=True)
class LineDraft:
    """One line to be written; `product` is an id."""

    product: int | None
    name: str
    quantity: Decimal
    price: Decimal
    # What the till says the line came to; without it quantity times price.
    total: InitVar[Decimal | None] = None
    amount: Decimal = field(init=False)

    def __post_init__(self, total: Decimal | None) -> None:
        self.amount = round_half_up(self.quantity * self.price if total is None else total, PLACES)


@dataclass(slots=True)
class PurchaseDraft:
    """One purchase to be written; `party` is an id, None for an anonymous one."""

    at: datetime
    currency: str
    party: int | None = None
    external_id: str = ""
    is_return: bool = False
    note: str = ""
    source: int | None = None
    coupon: str = ""
    lines: list[LineDraft] = field(default_factory=list)

    @property
    def amount(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0))


@action(permission=PurchasePermission.WRITE)
def record_purchases(drafts: Sequence[PurchaseDraft], *, by: Actor, entries: list[int] | None = None) -> list[int]:
    """Write many purchases with their lines and put those of known customers on the timeline; return their ids in order.

    The caller answers for the ids inside and for numbers not taken yet. The ids of timeline entries are added to `entries`.

    Raises:
        IntegrityError: a number is taken.
    """
    if not drafts:
        return []
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {PURCHASES} (tenant_id, created_at, updated_at, at, party_id, external_id, amount, currency,"
            " is_return, note, source, coupon, created_by)"
            " SELECT %s, %s, %s, x.*, %s FROM unnest(%s::timestamptz[], %s::bigint[], %s::text[], %s::numeric[], %s::text[],"
            " %s::bool[], %s::text[], %s::bigint[], %s::text[]) AS x RETURNING id",
            [
                *(current_tenant(), now, now, by.user),
                [draft.at for draft in drafts],
                [draft.party for draft in drafts],
                [draft.external_id for draft in drafts],
                [draft.amount for draft in drafts],
                [draft.currency for draft in drafts],
                [draft.is_return for draft in drafts],
                [draft.note for draft in drafts],
                [draft.source for draft in drafts],
                [draft.coupon for draft in drafts],
            ],
        )
        ids = [int(row[0]) for row in cursor.fetchall()]
    write_lines((pk, line) for pk, draft in zip(ids, drafts, strict=True) for line in draft.lines)
    with_coupons = [pk for pk, draft in zip(ids, drafts, strict=True) if draft.coupon]
    fact = PurchasesFact(ids, by, with_coupons, entries=_tell_timeline(ids, drafts, by))
    record(by, "purchases.recorded", kind=Purchase._meta.label_lower, count=len(ids))
    purchases_recorded.tell(fact)
    if entries is not None:
        entries.extend(fact.entries)
    return ids


def write_lines(lines: Iterable[tuple[int, LineDraft]]) -> None:
    """Write lines of purchases by one statement."""
    columns = ("tenant_id", "purchase", "product", "name", "quantity", "price", "amount")
    tenant = current_tenant()
    write_rows(
        PurchaseLine,
        columns,
        ((tenant, pk, line.product, line.name, line.quantity, line.price, line.amount) for pk, line in lines),
    )


def _tell_timeline(ids: list[int], drafts: Sequence[PurchaseDraft], by: Actor) -> list[int]:
    known = [(pk, draft) for pk, draft in zip(ids, drafts, strict=True) if draft.party is not None]
    touches = touches_behind([(draft.party or 0, draft.at) for _pk, draft in known])
    told = [
        EntryDraft(
            party=draft.party or 0,
            kind="returned_goods" if draft.is_return else "bought",
            at=draft.at,
            way="shop",
            subject=draft.external_id,
            touch=touches.get((draft.party or 0, draft.at)),
            source=draft.source,
            ref_kind="purchase",
            ref_id=pk,
            amount=draft.amount,
            currency=draft.currency,
        )
        for pk, draft in known
    ]
    return record_entries(told, by=by, cause="purchases") if told else []


@action(permission=PurchasePermission.WRITE)
def record_purchase(
    *,
    by: Actor,
    lines: Sequence[tuple[str, str, Decimal, Decimal]],
    party: Party | None = None,
    at: datetime | None = None,
    currency: str = "",
    external_id: str = "",
    note: str = "",
    source: int | None = None,
    coupon: str = "",
) -> Purchase:
    """Record one purchase from lines (product code, name, quantity, price); return it. A negative sum is a return.

    Raises:
        InvalidInput: no line, a line without code and name, or a number too large.
        Conflict: the number is taken.
    """
    errors = {}
    if not lines:
        errors["lines"] = _("Give the purchase at least one line.")
    for number, (code, name, quantity, price) in enumerate(lines):
        if not code and not name:
            errors[f"lines.{number}.name"] = _("Give the line a product code or a name.")
        if abs(quantity * price) >= MOST:
            errors[f"lines.{number}.price"] = _("This sum is too large.")
    code = coupon_code(coupon)
    if len(code) > LONGEST_COUPON:
        errors["coupon"] = _("A coupon's code has at most 40 letters and digits.")
    if source is not None and not Source.objects.filter(pk=source).exists():
        errors["source"] = _("To name the campaign choose one of those there are.")
    if errors:
        raise InvalidInput(errors)
    if external_id and Purchase.objects.filter(external_id=external_id).exists():
        raise Conflict(
            _("There is a purchase with the number “%(number)s” already.") % {"number": external_id}, field="external_id"
        )
    products = ensure_products({code: (name, "") for code, name, _q, _p in lines if code}, by=by)
    made = [
        LineDraft(products.get(code), name[:200], round_half_up(quantity, 3), round_half_up(price, PLACES))
        for code, name, quantity, price in lines
    ]
    draft = PurchaseDraft(
        at=at or timezone.now(),
        currency=currency or Tenant.objects.get(pk=by.tenant).currency,
        party=party.pk if party else None,
        external_id=external_id,
        note=note[:200],
        source=source,
        coupon=code,
        lines=made,
    )
    draft.is_return = draft.amount < 0
    (pk,) = record_purchases([draft], by=by)
    return Purchase.objects.get(pk=pk)


def add_lines(extra: dict[int, list[LineDraft]]) -> None:
    """Add lines to purchases of the same import whose rows stand apart in the file; sums and timeline follow."""
    ids = list(extra)
    sums = [sum((line.amount for line in lines), Decimal(0)) for lines in extra.values()]
    write_lines((pk, line) for pk, lines in extra.items() for line in lines)
    values: list[Any] = [timezone.now(), ids, sums, current_tenant()]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {PURCHASES} p SET amount = p.amount + x.sum, updated_at = %s FROM unnest(%s::bigint[], %s::numeric[])"
            " AS x(id, sum) WHERE p.tenant_id = %s AND p.id = x.id",
            values,
        )
        cursor.execute(
            "UPDATE timeline_entry e SET amount = p.amount"
            f" FROM {PURCHASES} p WHERE e.tenant_id = %s AND e.ref_kind = 'purchase' AND e.ref_id = p.id"
            " AND p.tenant_id = %s AND p.id = ANY(%s)",
            [current_tenant(), current_tenant(), ids],
        )
