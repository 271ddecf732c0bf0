"""The import of purchases: half a million lines by COPY and set statements, customers and products found or made."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.actions import setting_of
from dialogue.customers.parties.columns import COMPANY, COUNTRY, EMAIL, NAME, OWN_NUMBER, PHONE
from dialogue.customers.parties.drafts import NewParty, ready
from dialogue.customers.parties.finding import Resolver, contacts_of, ensure_companies, fold
from dialogue.customers.parties.imports import address_of, party_undoables
from dialogue.customers.parties.models import PartyKind
from dialogue.customers.timeline.models import Entry
from dialogue.kit.errors import InvalidInput
from dialogue.kit.money import round_half_up
from dialogue.platform.imports.kinds import (
    Batch,
    ImportKind,
    Line,
    LooseReference,
    Target,
    Undoable,
    Value,
    import_kinds,
    loose_references,
)
from dialogue.platform.imports.models import ImportChange, Outcome
from dialogue.platform.imports.reading.reasons import Reason, because, reason_words
from dialogue.selling.catalog.actions import ensure_products
from dialogue.selling.catalog.models import Product
from dialogue.selling.purchases.actions import LineDraft, PurchaseDraft, add_lines, record_purchases
from dialogue.selling.purchases.models import Purchase, PurchaseLine
from dialogue.selling.purchases.permissions import PurchasePermission
from dialogue.selling.purchases.rules import LONGEST_COUPON, coupon_code

PLACES = 4
BATCH = 50_000
MODEL = Purchase._meta.label_lower
MOST = Decimal(10) ** 12
CURRENCY_LETTERS = 3
reason_words.add("purchase-known", _("The purchase %(number)s exists since before this import."))
reason_words.add("purchase-sum", _("Neither an amount nor a price is given."))
reason_words.add("purchase-large", _("The sum of this line is too large to be kept."))
reason_words.add("currency-none", _("“%(value)s” is no currency code. Use three letters such as EUR."))


def targets() -> list[Target]:
    """Return what a line of purchases may hold."""
    return [
        Target("number", _("Number of the purchase"), synonyms=("invoice", "invoice no", "invoiceno", "invoice number", "order",
               "order id", "order number", "receipt", "номер заказа", "номер счета", "номер чека", "заказ", "чек", "номер накладной",
               "номер замовлення", "замовлення", "рахунок", "factura", "numar factura", "număr factură", "comanda",
               "numar comanda"), longest=80),
        Target("at", _("When"), Value.MOMENT, synonyms=("date", "invoice date", "invoicedate", "order date", "purchase date",
               "дата", "дата заказа", "дата покупки", "дата продажи", "дата замовлення", "дата покупки", "data", "data facturii",
               "data comenzii"), required=True),
        Target("product", _("Product code"), synonyms=("stock code", "stockcode", "sku", "product code", "article", "артикул",
               "код товара", "код товару", "cod produs", "articol"), longest=60),
        Target("name", _("Product name"), synonyms=("description", "product", "product name", "item", "товар", "наименование",
               "название товара", "описание", "назва товару", "опис", "produs", "denumire", "descriere")),
        Target("category", _("Product category"), synonyms=("category", "категория", "група товаров", "категорія", "categorie"),
               longest=120),
        Target("quantity", _("Quantity"), Value.NUMBER, synonyms=("quantity", "qty", "count", "количество", "кол во", "шт",
               "кількість", "к сть", "cantitate", "cant")),
        Target("price", _("Price"), Value.MONEY, synonyms=("price", "unit price", "unitprice", "цена", "ціна", "pret", "preț",
               "pret unitar", "preț unitar")),
        Target("amount", _("Amount of the line"), Value.MONEY, synonyms=("amount", "total", "sum", "сумма", "стоимость", "итого",
               "сума", "вартість", "разом", "suma", "sumă", "valoare", "total")),
        Target("currency", _("Currency"), synonyms=("currency", "валюта", "moneda", "monedă", "valuta"), longest=3),
        Target("external_id", _("Customer's own number"), synonyms=OWN_NUMBER, longest=80, group=_("Customer")),
        Target("customer", _("Customer's name"), synonyms=NAME, group=_("Customer")),
        Target("company", _("Company"), synonyms=COMPANY, group=_("Customer")),
        Target("email", _("E-mail"), synonyms=EMAIL, several=True, longest=400, group=_("Customer")),
        Target("phone", _("Phone"), synonyms=PHONE, several=True, group=_("Customer")),
        Target("country", _("Country"), synonyms=COUNTRY, group=_("Customer")),
        Target("coupon", _("Coupon"), synonyms=("coupon", "coupon code", "promo code", "promocode", "купон", "код купона", "промокод",
               "купон", "код купону", "cupon", "cod cupon", "cod promo"), longest=60),
        Target("note", _("Note"), synonyms=("note", "comment", "примечание", "комментарий", "примітка", "коментар", "notă")),
    ]  # fmt: skip


class PurchaseLoad:
    """One batch of lines. Lines with one number make one purchase; lines without a number are purchases of their own."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.setting = setting_of()
        self.currency = batch.company.currency
        self.amounts: dict[int, tuple[LineDraft, str]] = {}

    def run(self) -> None:
        """Give every line its outcome."""
        for line in self.batch.open_lines():
            self._read(line)
        parties = self._parties()
        products = self._products()
        known, ours = self._known()
        groups: dict[Any, list[Line]] = {}
        for line in self.batch.open_lines():
            number = line.text("number")
            if number in known and known[number] not in ours:
                self.batch.finish(line, Outcome.SKIPPED, known[number], because("purchase-known", number=number))
                continue
            self.amounts[line.number][0].product = products.get(line.text("product"))
            groups.setdefault(number or line.number, []).append(line)
        self._append({known[number]: lines for number, lines in groups.items() if number in known})
        self._create({number: lines for number, lines in groups.items() if number not in known}, parties)

    def _read(self, line: Line) -> None:
        read = self._line_of(line)
        if isinstance(read, Reason):
            self.batch.refuse(line, read)
            return
        self.amounts[line.number] = read
        self.batch.add(read[1], read[0].amount)

    def _line_of(self, line: Line) -> tuple[LineDraft, str] | Reason:
        price, amount, quantity = line.get("price"), line.get("amount"), line.get("quantity")
        if price is None and amount is None:
            return because("purchase-sum")
        count = Decimal(1) if quantity is None else quantity
        value, currency = price or amount
        if price is None and quantity:
            value = round_half_up(value / quantity, PLACES)
        own = line.text("currency").upper()
        if own and not (len(own) == CURRENCY_LETTERS and own.isascii() and own.isalpha()):
            return because("currency-none", value=own)
        if own and currency and own != currency:
            return because("money-currency", column=self.batch.header_of("price"), value=str(value), currency=own)
        if abs(count) >= MOST or abs(count * value) >= MOST * 1000 or (amount and abs(amount[0]) >= MOST * 1000):
            return because("purchase-large")
        # A price per piece is rounded: thousands of pieces times it are another sum than the one that was paid.
        draft = LineDraft(None, line.text("name"), round_half_up(count, 3), value, amount[0] if amount else None)
        return draft, own or currency or self.currency

    def _parties(self) -> dict[int, int]:
        """Return `{row: party}`; each customer is looked up once, however many lines he has."""
        first: dict[tuple[Any, ...], Line] = {}
        keys: dict[int, tuple[Any, ...]] = {}
        for line in self.batch.open_lines():
            key = _customer_key(line)
            if any(key):
                keys[line.number] = key
                first.setdefault(key, line)
        drafts = self._drafts(first)
        found = Resolver(self.batch, self.setting).resolve(drafts)
        by_key = {key: found[line.number] for key, line in first.items() if line.number in found}
        return {number: by_key[key] for number, key in keys.items() if key in by_key}

    def _drafts(self, first: dict[tuple[Any, ...], Line]) -> dict[int, NewParty]:
        firms = ensure_companies(self.batch, [line.text("company") for line in first.values() if line.get("customer")])
        drafts: dict[int, NewParty] = {}
        refused: dict[tuple[Any, ...], Reason] = {}
        for key, line in first.items():
            draft = NewParty(name=line.text("customer"), external_id=line.text("external_id"), contacts=contacts_of(line))
            draft.address = address_of(line)
            if draft.name:
                draft.company = firms.get(fold(line.text("company")))
            elif line.get("company"):
                draft.kind, draft.name = PartyKind.COMPANY, line.text("company")
            elif not draft.contacts:
                draft.name = f"№ {draft.external_id}"
            try:
                ready(draft, self.setting)
                drafts[line.number] = draft
            except InvalidInput as refusal:
                refused[key] = because("row-wrong", words=" ".join(map(str, refusal.errors.values())))
        if refused:
            self._refuse(refused)
        return drafts

    def _refuse(self, refused: dict[tuple[Any, ...], Reason]) -> None:
        for line in self.batch.open_lines():
            reason = refused.get(_customer_key(line))
            if reason:
                draft, currency = self.amounts[line.number]
                self.batch.add(currency, -draft.amount)
                self.batch.refuse(line, reason)

    def _products(self) -> dict[str, int]:
        named: dict[str, tuple[str, str]] = {}
        for line in self.batch.open_lines():
            code = line.text("product")
            if code and (code not in named or not named[code][0]):
                named[code] = (line.text("name"), line.text("category"))
        made: list[int] = []
        found = ensure_products(named, by=self.batch.by, made=made)
        self.batch.created(Product, made)
        return found

    def _known(self) -> tuple[dict[str, int], set[int]]:
        """Return the purchases that exist by number, and which of them this import made in an earlier batch."""
        numbers = {line.text("number") for line in self.batch.open_lines()} - {""}
        known = dict(Purchase.objects.filter(external_id__in=numbers).values_list("external_id", "id")) if numbers else {}
        journal = ImportChange.objects.filter(run=self.batch.run, model=MODEL, row_id__in=list(known.values()), made=True)
        return known, set(journal.values_list("row_id", flat=True)) if known else set()

    def _append(self, groups: dict[int, list[Line]]) -> None:
        if not groups:
            return
        self.batch.will_change(Purchase, groups)
        add_lines({pk: [self.amounts[line.number][0] for line in lines] for pk, lines in groups.items()})
        for pk, lines in groups.items():
            for line in lines:
                self.batch.finish(line, Outcome.CREATED, pk)

    def _create(self, groups: dict[Any, list[Line]], parties: dict[int, int]) -> None:
        drafts = []
        for number, lines in groups.items():
            party = next((parties[line.number] for line in lines if line.number in parties), None)
            draft = PurchaseDraft(
                at=min(line.get("at") for line in lines),
                currency=self.amounts[lines[0].number][1],
                party=party,
                external_id=number if isinstance(number, str) else "",
                note=lines[0].text("note")[:200],
                coupon=next(filter(None, (coupon_code(line.text("coupon")) for line in lines)), "")[:LONGEST_COUPON],
                lines=[self.amounts[line.number][0] for line in lines],
            )
            draft.is_return = draft.amount < 0
            drafts.append(draft)
        entries: list[int] = []
        ids = record_purchases(drafts, by=self.batch.by, entries=entries)
        self.batch.created(Purchase, ids)
        self.batch.created(Entry, entries)
        for pk, lines in zip(ids, groups.values(), strict=True):
            for line in lines:
                self.batch.finish(line, Outcome.CREATED, pk)


def _customer_key(line: Line) -> tuple[Any, ...]:
    """Return by what lines of one customer are known to be his before he is looked up."""
    own = line.get("external_id")
    if own:
        return (own,)
    told = tuple(text for _name, text, _column in (line.get("email") or []) + (line.get("phone") or []))
    return line.get("customer"), line.get("company"), told


def _load(batch: Batch) -> None:
    PurchaseLoad(batch).run()


def _undoables() -> tuple[Undoable, ...]:
    lines = ((PurchaseLine, "purchase_id"),)
    return (Undoable(Entry), Undoable(Purchase, parts=lines), Undoable(Product), *party_undoables())


import_kinds.add(
    "purchases",
    ImportKind(
        code="purchases",
        label=_("Purchases"),
        permission=PurchasePermission.WRITE,
        targets=targets,
        load=_load,
        undoables=_undoables,
        batch_size=BATCH,
        one_of=(("price", "amount"), ("product", "name", "number", "amount")),
        subject=MODEL,
    ),
    weight=40,
)
loose_references.add("purchases", LooseReference(MODEL, Entry, "ref_id", only={"ref_kind": "purchase"}))
