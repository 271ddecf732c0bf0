"""Verbs over coupons: make a series, issue codes, close it; a purchase with a code uses it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogue.customers.parties.models import Party
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.actions import record_entries
from dialogue.customers.timeline.bulk import EntryDraft
from dialogue.customers.timeline.models import Entry
from dialogue.kit.actors import Actor
from dialogue.kit.errors import Conflict, InvalidInput
from dialogue.kit.frozen import frozen
from dialogue.kit.scope import current_tenant
from dialogue.platform.audit.recording import record
from dialogue.platform.audit.verbs import action
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.opened import open_company
from dialogue.selling.promotions.models import Coupon, Series, Use
from dialogue.selling.promotions.permissions import PromotionPermission
from dialogue.selling.promotions.rules import ALPHABET, LONGEST, Verdict, fresh_code, judge
from dialogue.selling.promotions.signals import UsesFact, coupons_used
from dialogue.selling.purchases.models import Purchase
from dialogue.selling.purchases.permissions import PurchasePermission
from dialogue.selling.purchases.rules import coupon_code

BATCH = 5_000
MOST_AT_ONCE = 1_000_000


@frozen
class SeriesDraft:
    """A series as a person gives it; a `code` makes it one for everybody, a `prefix` begins each single code."""

    name: str
    source: int | None = None
    offer: str = ""
    code: str = ""
    prefix: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    once_each: bool = True
    limit: int | None = None


def _refuse_wrong(draft: SeriesDraft, code: str, prefix: str) -> None:
    errors: dict[str, str] = {}
    if not draft.name.strip() or len(draft.name.strip()) > 120:
        errors["name"] = _("Give the coupons a name of at most 120 characters.")
    if draft.source is not None and not Source.objects.filter(pk=draft.source).exists():
        errors["source"] = _("To name the campaign choose one of those there are.")
    if draft.code.strip() and (not 3 <= len(code) <= LONGEST or not code.isalnum()):
        errors["code"] = _("Give a code of 3 to 40 letters and digits, or none for single codes.")
    if len(prefix) > 12 or (prefix and not prefix.isalnum()):
        errors["prefix"] = _("Begin codes with at most 12 letters and digits.")
    if draft.starts_on and draft.ends_on and draft.ends_on < draft.starts_on:
        errors["ends_on"] = _("The end must not lie before the start.")
    if draft.limit is not None and not 0 < draft.limit < 10**9:
        errors["limit"] = _("Give how often it may be used, or nothing.")
    if errors:
        raise InvalidInput(errors)


@action(permission=PromotionPermission.WRITE)
def create_series(draft: SeriesDraft, *, by: Actor) -> Series:
    """Make a series of coupons and return it; a code for everybody can be used at once.

    Raises:
        InvalidInput: names every wrong field.
        Conflict: the name or the code is taken.
    """
    code, prefix, name = coupon_code(draft.code), coupon_code(draft.prefix), " ".join(draft.name.split())
    _refuse_wrong(draft, code, prefix)
    if Series.objects.filter(name=name).exists():
        raise Conflict(_("To make other coupons give another name: this one is taken."), field="name")
    if code and Coupon.objects.filter(code=code).exists():
        raise Conflict(_("To make these coupons give another code: this one is taken."), field="code")
    row: Series = Series.objects.create(
        name=name,
        source=draft.source,
        offer=" ".join(draft.offer.split())[:200],
        code=code,
        prefix="" if code else prefix,
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
        once_each=draft.once_each,
        limit=draft.limit if code else None,
    )
    if code:
        Coupon.objects.create(series=row, code=code)
    record(by, "coupons.created", row)
    return row


@action(permission=PromotionPermission.WRITE)
def close_series(series: Series, *, by: Actor) -> Series:
    """End a series: uses from now on do not count; return it."""
    row = Series.objects.select_for_update().get(pk=series.pk)
    if row.closed_at is None:
        row.closed_at = timezone.now()
        row.save(update_fields=["closed_at", "updated_at"])
        record(by, "coupons.closed", row)
    return row


def _open(series: Series) -> Series:
    row: Series = Series.objects.select_for_update().get(pk=series.pk)
    if row.closed_at is not None:
        raise Conflict(_("These coupons were closed: to issue codes make others."))
    return row


def _insert(series: Series, parties: Sequence[int | None]) -> None:
    """Write a fresh code for each; who has one keeps it, and of two equal codes (hardly ever) the second is left out."""
    for start in range(0, len(parties), BATCH):
        part = parties[start : start + BATCH]
        codes = [fresh_code(series.prefix) for _party in part]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {Coupon._meta.db_table} (tenant_id, series_id, code, party_id, at)"
                " SELECT %s, %s, x.code, x.party, %s FROM unnest(%s::text[], %s::bigint[]) AS x(code, party)"
                " ON CONFLICT DO NOTHING",
                [current_tenant(), series.pk, timezone.now(), codes, list(part)],
            )


@action(permission=PromotionPermission.WRITE)
def issue_coupons(series: Series, parties: Iterable[int], *, by: Actor) -> dict[int, str]:
    """Give each customer his own code of the series and return `{customer: code}`; who has one keeps it.

    Of a series with one code for everybody that code is returned for each.

    Raises:
        Conflict: the series is closed.
    """
    row = _open(series)
    wanted = list(dict.fromkeys(parties))
    if row.code:
        return dict.fromkeys(wanted, row.code)
    living = set(Party.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    wanted = [pk for pk in wanted if pk in living]
    found: dict[int, str] = {}
    # A second turn for the code that was taken by chance.
    for _turn in range(3):
        found = dict(Coupon.objects.filter(series=row, party__in=wanted).values_list("party_id", "code"))
        lacking = [pk for pk in wanted if pk not in found]
        if not lacking:
            break
        _insert(row, lacking)
        record(by, "coupons.issued", row, count=len(lacking))
    return found


# Eight letters of a random UUID's bytes but the one that holds its version: as hard to guess as `fresh_code`.
LETTERS = " || ".join(f"substr('{ALPHABET}', (get_byte(n.dice, {byte}) & 31) + 1, 1)" for byte in (0, 1, 2, 3, 4, 5, 7, 8))
# Who is to have a code and who has one meet in a full join, which PostgreSQL hashes or merges: of tables filled in this very
# transaction it knows nothing, and any other join of theirs may turn into a loop over loops.
ISSUE = f"""
WITH held (party) AS (SELECT party_id FROM {Coupon._meta.db_table} WHERE tenant_id = %s AND series_id = %s AND party_id IS NOT NULL),
seen AS MATERIALIZED (SELECT w.id, h.party FROM ({{people}}) w (id) FULL JOIN held h ON h.party = w.id),
lacking AS MATERIALIZED (
    SELECT s.id, uuid_send(gen_random_uuid()) AS dice FROM seen s JOIN {Party._meta.db_table} p ON p.tenant_id = %s AND p.id = s.id
    WHERE s.party IS NULL
),
made AS (
    INSERT INTO {Coupon._meta.db_table} (tenant_id, series_id, code, party_id, at)
    SELECT %s, %s, %s || {LETTERS}, n.id, %s FROM lacking n ON CONFLICT DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM lacking), (SELECT count(*) FROM made)
"""


@action(permission=PromotionPermission.WRITE)
def issue_to_people(series: Series, people: str, parameters: Sequence[Any], *, by: Actor, source: int | None = None) -> int:
    """Give everybody the statement `people` names his own code, in one statement; who has one keeps it. Return how many are new.

    Of a series with one code for everybody nothing is issued. A series of no campaign becomes that of `source`.

    Raises:
        Conflict: the series is closed.
    """
    row = _open(series)
    if row.source is None and source is not None:
        row.source = source
        row.save(update_fields=["source", "updated_at"])
    if row.code:
        return 0
    tenant, made = current_tenant(), 0
    # A second turn only for a code that was taken by chance.
    for _turn in range(3):
        with connection.cursor() as cursor:
            values = [tenant, row.pk, *parameters, tenant, tenant, row.pk, row.prefix, timezone.now()]
            cursor.execute(ISSUE.format(people=people), values)
            lacking, written = cursor.fetchone()
        made += written
        if written == lacking:
            break
    if made:
        record(by, "coupons.issued", row, count=made)
    return made


@action(permission=PromotionPermission.WRITE)
def issue_codes(series: Series, count: int, *, by: Actor) -> int:
    """Make codes without names, to be printed or handed out, and return how many.

    Raises:
        InvalidInput: not a number from 1 to a million.
        Conflict: the series is closed or has one code for everybody.
    """
    row = _open(series)
    if row.code:
        raise Conflict(_("These coupons have one code for everybody: there is nothing to issue."))
    if not 0 < count <= MOST_AT_ONCE:
        raise InvalidInput({"count": _("Give how many codes to make, from 1 to 1 000 000.")})
    _insert(row, [None] * count)
    record(by, "coupons.issued", row, count=count)
    return count


@action(permission=PurchasePermission.WRITE)
def use_coupons(purchases: Sequence[int], *, by: Actor, entries: list[int] | None = None) -> list[Use]:
    """Judge the codes of new purchases and put each use that counts on the timeline; return the uses.

    The ids of timeline entries are added to `entries`.
    """
    rows = list(Purchase.objects.filter(pk__in=purchases, is_return=False).exclude(coupon="").order_by("at", "id"))
    if not rows:
        return []
    # Two tills may use one code at this moment: its row is locked until the purchase is written.
    found = Coupon.objects.select_for_update(of=("self",)).filter(code__in={row.coupon for row in rows})
    coupons = {one.code: one for one in found.select_related("series").order_by("id")}
    uses = _judged(rows, coupons, open_company())
    _tell(uses, rows, by, entries)
    Use.objects.bulk_create(uses, ignore_conflicts=True)
    record(by, "coupons.used", kind=Use._meta.label_lower, count=len(uses), counting=sum(use.counts for use in uses))
    coupons_used.tell(UsesFact([use.purchase for use in uses], by))
    return uses


def _judged(rows: Sequence[Purchase], coupons: dict[str, Coupon], company: Tenant) -> list[Use]:
    before = Use.objects.living().counting().filter(coupon__in=[one.pk for one in coupons.values()])
    total: dict[int, int] = {}
    own: dict[tuple[int, int], int] = {}

    def note(coupon: int, party: int | None) -> None:
        total[coupon] = total.get(coupon, 0) + 1
        own[coupon, party or 0] = own.get((coupon, party or 0), 0) + 1

    for known, who in before.values_list("coupon_id", "party_id"):
        note(known, who)
    uses: list[Use] = []
    for row in rows:
        coupon = coupons.get(row.coupon)
        # A personal code tells who bought without saying his name.
        party = row.party_id or (coupon.party_id if coupon else None)
        verdict = Verdict.UNKNOWN
        if coupon is not None:
            mine = own.get((coupon.pk, party), 0) if party else 0
            verdict = judge(coupon.series.terms(company.zone), row.at, uses=total.get(coupon.pk, 0), own_uses=mine)
            if verdict is Verdict.COUNTS:
                note(coupon.pk, party)
        series = coupon.series if coupon else None
        uses.append(
            Use(at=row.at, series=series, coupon=coupon, code=row.coupon, purchase=row.pk, party_id=party, verdict=verdict)
        )
    return uses


def _tell(uses: Sequence[Use], rows: Sequence[Purchase], by: Actor, entries: list[int] | None) -> None:
    """Write the answers: each use that counts, under the last touch of its campaign."""
    counting = [use for use in uses if use.counts and use.party_id]
    touches = _touches(counting)
    bought = {row.pk: row for row in rows}
    drafts = [
        EntryDraft(
            party=use.party_id or 0,
            kind="coupon_used",
            at=use.at,
            way="shop",
            subject=f"{use.code} · {use.series}",
            touch=touches.get(use.purchase),
            source=use.series.source if use.series else None,
            ref_kind="purchase",
            ref_id=use.purchase,
            facts={"purchase": bought[use.purchase].external_id or use.purchase},
        )
        for use in counting
    ]
    ids = record_entries(drafts, by=by, cause="coupons")
    for use, entry in zip(counting, ids, strict=True):
        use.entry, use.touch = entry, touches.get(use.purchase)
    if entries is not None:
        entries.extend(ids)


def _touches(uses: Sequence[Use]) -> dict[int, int]:
    sources = {use.series.source for use in uses if use.series and use.series.source}
    if not sources:
        return {}
    said: dict[tuple[int, int], list[tuple[Any, int]]] = {}
    rows = Entry.objects.touches().filter(party__in={use.party_id for use in uses}, source__in=sources).order_by("at", "id")
    for pk, party, source, at in rows.values_list("pk", "party_id", "source", "at"):
        said.setdefault((party, source or 0), []).append((at, pk))
    found: dict[int, int] = {}
    for use in uses:
        before = [
            pk for at, pk in said.get((use.party_id or 0, (use.series.source if use.series else None) or 0), []) if at <= use.at
        ]
        if before:
            found[use.purchase] = before[-1]
    return found


def check_code(code: str, *, party: int | None = None) -> tuple[Verdict, Series | None]:
    """Return whether a code would count now, for this customer, and its series."""
    coupon = Coupon.objects.filter(code=coupon_code(code)).select_related("series").first()
    if coupon is None:
        return Verdict.UNKNOWN, None
    uses = Use.objects.living().counting().filter(coupon=coupon)
    company = open_company()
    own = uses.filter(party=party).count() if party else 0
    return judge(coupon.series.terms(company.zone), timezone.now(), uses=uses.count(), own_uses=own), coupon.series
