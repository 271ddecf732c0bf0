"""The import of deals: customers found or made, stages known in any of our languages, budgets as people write them."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.actions import setting_of
from dialogue.customers.parties.columns import COMPANY, EMAIL, NAME, PHONE, RESPONSIBLE, TAGS
from dialogue.customers.parties.drafts import NewParty
from dialogue.customers.parties.drafts import ready as ready_party
from dialogue.customers.parties.finding import Resolver, contacts_of, ensure_companies, fold, members_named
from dialogue.customers.parties.imports import party_undoables, tags_of
from dialogue.customers.parties.models import Tag
from dialogue.customers.timeline.models import Entry
from dialogue.kit.errors import InvalidInput
from dialogue.platform.criteria.fitting import fit_value
from dialogue.platform.criteria.models import Characteristic
from dialogue.platform.files.models import StoredFile
from dialogue.platform.imports.kinds import (
    Batch,
    ImportKind,
    Line,
    LooseReference,
    MatchKey,
    Target,
    Undoable,
    Value,
    import_kinds,
    loose_references,
)
from dialogue.platform.imports.mapping import VALUE_OF_KIND
from dialogue.platform.imports.models import ImportChange, Outcome
from dialogue.platform.imports.reading.reasons import because, reason_words
from dialogue.selling.deals.actions import change_deal, move_deal
from dialogue.selling.deals.batches import write_deals
from dialogue.selling.deals.dialogue import entries_of
from dialogue.selling.deals.drafts import ENTITY, Ground, NewDeal, ReadyDeal, ground_of, ready
from dialogue.selling.deals.models import Deal, DealContact, DealTag, Stage, StageChange
from dialogue.selling.deals.permissions import DealPermission
from dialogue.selling.deals.pipelines import FIRST_STAGES

LANGUAGES = ("en", "ru", "uk", "ro")
MODEL = Deal._meta.label_lower
reason_words.add("stage-none", _("“%(column)s”: there is no stage “%(value)s”. The stages are: %(known)s."))


def targets() -> list[Target]:
    """Return what a row about a deal may hold."""
    return [
        Target("title", _("Deal name"), synonyms=("deal", "deal name", "deal title", "opportunity", "opportunity name",
               "название сделки", "сделка", "наименование сделки", "название", "назва угоди", "угода", "назва", "denumire",
               "tranzactie", "tranzacție", "numele tranzactiei", "afacere"), required=True),
        Target("contact", _("Main contact"), synonyms=("main contact", "основной контакт", "головний контакт", "основний контакт",
               "contact principal", *NAME)),
        Target("company", _("Company"), synonyms=COMPANY),
        Target("email", _("E-mail"), synonyms=EMAIL, several=True, longest=400),
        Target("phone", _("Phone"), synonyms=PHONE, several=True),
        Target("stage", _("Stage"), synonyms=("stage", "deal stage", "status", "deal status", "статус сделки", "этап", "этап сделки",
               "стадия", "статус", "етап", "етап угоди", "стадія", "статус угоди", "etapa", "etapă", "stadiu", "stare"),
               longest=80),
        Target("pipeline", _("Pipeline"), synonyms=("pipeline", "funnel", "воронка", "воронка продаж", "воронка продажів", "palnie",
               "pâlnie"), longest=80),
        Target("budget", _("Budget"), Value.MONEY, synonyms=("budget", "amount", "value", "deal value", "бюджет", "сумма",
               "сумма сделки", "стоимость", "сума", "сума угоди", "вартість", "buget", "suma", "sumă", "valoare")),
        Target("currency", _("Currency"), synonyms=("currency", "валюта", "moneda", "monedă", "valuta"), longest=3),
        Target("responsible", _("Responsible"), synonyms=RESPONSIBLE),
        Target("created_on", _("Created"), Value.DAY, synonyms=("created", "created at", "created on", "дата создания", "создана",
               "дата створення", "створено", "data crearii", "data creării", "creat")),
        Target("expected_on", _("Expected close"), Value.DAY, synonyms=("expected close", "close date", "closing date",
               "дата закрытия", "ожидаемое закрытие", "дата закриття", "data inchiderii", "data închiderii")),
        Target("external_id", _("Own number"), synonyms=("id", "deal id", "номер сделки", "ид", "номер угоди", "cod"), longest=80),
        Target("lost_reason", _("Reason of the loss"), synonyms=("lost reason", "причина отказа", "причина проигрыша",
               "причина відмови", "motivul pierderii")),
        Target("tags", _("Tags"), synonyms=TAGS, longest=600),
        *(
            Target(
                f"characteristics.{one.code}",
                one.label,
                VALUE_OF_KIND[one.kind],
                synonyms=(one.label.lower(),),
                group=_("Characteristics"),
            )
            for one in Characteristic.objects.of(ENTITY)
            if one.kind in VALUE_OF_KIND
        ),
    ]  # fmt: skip


def stages_named(ground: Ground) -> dict[tuple[str, str], Stage]:
    """Return `{(folded pipeline or "", folded name): stage}`; the usual stages are known by their name in every language."""
    found: dict[tuple[str, str], Stage] = {}
    alike: dict[str, list[str]] = {}
    for words, _class in FIRST_STAGES:
        spoken = []
        for language in LANGUAGES:
            with override(language):
                spoken.append(fold(gettext(words)))
        for name in spoken:
            alike[name] = spoken
    for stage in ground.stages.values():
        own = fold(stage.name)
        for name in (own, *alike.get(own, ())):
            found.setdefault((fold(stage.pipeline.name), name), stage)
            found.setdefault(("", name), stage)
    return found


class DealLoad:
    """One batch of deals."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.ground = ground_of(batch.by)
        self.stages = stages_named(self.ground)
        self.definitions = {one.code: one for one in self.ground.definitions}
        self.lines = {line.number: line for line in batch.open_lines()}
        self.ready: dict[int, ReadyDeal] = {}

    def run(self) -> None:
        """Give every line its outcome."""
        drafts = self._drafts()
        self._customers(drafts)
        self._check(drafts)
        known = self._known()
        fresh = {number: one for number, one in self.ready.items() if number not in known}
        ids = write_deals(list(fresh.values()), self.batch.by)
        self.batch.created(Deal, ids)
        told = [pk for pk, one in zip(ids, fresh.values(), strict=True) if one.given.contact or one.given.company]
        self.batch.created(Entry, entries_of(told) if told else ())
        for (number, one), pk in zip(fresh.items(), ids, strict=True):
            self.batch.finish(self.lines[number], Outcome.CREATED, pk)
            self._count(one)
        for number, deal in known.items():
            self._change(self.lines[number], self.ready[number], deal)

    def _count(self, one: ReadyDeal) -> None:
        amount = one.budget.amount
        self.batch.add(one.budget.currency, amount if amount is not None else Decimal(0), by_stage=one.stage.name)

    def _drafts(self) -> dict[int, NewDeal]:
        members = members_named([line.text("responsible") for line in self.lines.values()])
        tags = _deal_tags([tag for line in self.lines.values() for tag in tags_of(line)])
        made: dict[int, NewDeal] = {}
        for number, line in self.lines.items():
            stage = self._stage(line)
            if line.outcome:
                continue
            budget = line.get("budget") or (None, "")
            own = line.text("currency").upper()
            if own and budget[1] and own != budget[1]:
                reason = because(
                    "money-currency", column=self.batch.header_of("budget"), value=f"{budget[0]} {budget[1]}", currency=own
                )
                self.batch.refuse(line, reason)
                continue
            wanted = line.text("responsible")
            responsible = members.get(fold(wanted)) if wanted else None
            if wanted and responsible is None:
                self.batch.refuse(line, because("member-none", column=self.batch.header_of("responsible"), value=wanted))
                continue
            made[number] = NewDeal(
                title=line.text("title"),
                stage=stage.pk if stage else None,
                budget=budget[0],
                currency=own or budget[1],
                responsible=responsible,
                expected_on=line.get("expected_on"),
                created_at=self._moment(line.get("created_on")),
                lost_reason=line.text("lost_reason"),
                external_id=line.text("external_id"),
                tags=[tags[fold(tag)] for tag in tags_of(line)],
                characteristics=self._characteristics(line),
            )
        return made

    def _moment(self, day: Any) -> datetime | None:
        return datetime.combine(day, time(), self.batch.company.zone) if day else None

    def _characteristics(self, line: Line) -> dict[str, Any]:
        found = {}
        for name, value in line.values.items():
            code = name.removeprefix("characteristics.")
            if code != name and code in self.definitions:
                found[code] = fit_value(self.definitions[code], value, self.batch.company.currency)
        return found

    def _stage(self, line: Line) -> Stage | None:
        name, pipeline = line.text("stage"), line.text("pipeline")
        if not name and not pipeline:
            return None
        if not name:
            first = [stage for stage in self.ground.firsts.values() if fold(stage.pipeline.name) == fold(pipeline)]
            found = first[0] if first else None
        else:
            found = self.stages.get((fold(pipeline), fold(name)))
        if found is None:
            known = ", ".join(dict.fromkeys(stage.name for stage in self.ground.stages.values()))[:300]
            column = self.batch.header_of("stage" if name else "pipeline")
            self.batch.refuse(line, because("stage-none", column=column, value=name or pipeline, known=known))
        return found

    def _customers(self, drafts: dict[int, NewDeal]) -> None:
        """Find or make companies and contacts; a contact is known by e-mail, phone, or name and company."""
        companies = ensure_companies(self.batch, [self.lines[number].text("company") for number in drafts])
        setting = setting_of()
        people: dict[int, NewParty] = {}
        for number, draft in list(drafts.items()):
            line = self.lines[number]
            draft.company = companies.get(fold(line.text("company")))
            person = NewParty(name=line.text("contact"), contacts=contacts_of(line), company=draft.company)
            if not person.name and not person.contacts:
                continue
            try:
                ready_party(person, setting)
                people[number] = person
            except InvalidInput as refusal:
                self.batch.refuse(line, because("row-wrong", words=" ".join(map(str, refusal.errors.values()))))
                del drafts[number]
        for number, pk in Resolver(self.batch, setting).resolve(people).items():
            drafts[number].contact = pk

    def _check(self, drafts: dict[int, NewDeal]) -> None:
        first: dict[str, int] = {}
        for number, draft in drafts.items():
            line = self.lines[number]
            if draft.external_id and draft.external_id in first:
                column = self.batch.header_of("external_id")
                row = first[draft.external_id]
                self.batch.refuse(line, because("key-twice", column=column, value=draft.external_id, row=row))
                continue
            first[draft.external_id] = number
            try:
                self.ready[number] = ready(draft, self.ground)
            except InvalidInput as refusal:
                self.batch.refuse(line, because("row-wrong", words=" ".join(map(str, refusal.errors.values()))))

    def _known(self) -> dict[int, Deal]:
        numbers = {one.given.external_id: number for number, one in self.ready.items() if one.given.external_id}
        rows = Deal.objects.filter(external_id__in=list(numbers)).select_related("stage") if numbers else []
        return {numbers[deal.external_id]: deal for deal in rows}

    def _change(self, line: Line, one: ReadyDeal, deal: Deal) -> None:
        """Bring a deal that exists to what the row says: only rows matched by own number come here."""
        if ImportChange.objects.filter(run=self.batch.run, model=MODEL, row_id=deal.pk).exists():
            column = self.batch.header_of("external_id")
            self.batch.refuse(line, because("key-twice", column=column, value=deal.external_id, row="…"))
            return
        self.batch.will_change(Deal, [deal.pk])
        given = one.given
        values: dict[str, Any] = {
            "title": one.title,
            "budget": given.budget,
            "expected_on": given.expected_on,
            "responsible": given.responsible,
        }
        values |= {"company": given.company, "contact": given.contact}
        values = {name: value for name, value in values.items() if value is not None}
        if given.budget is not None and given.currency:
            values["currency"] = given.currency
        before = deal.updated_at
        row = change_deal(deal, by=self.batch.by, characteristics=dict(given.characteristics) or None, **values)
        if given.stage and given.stage != deal.stage_id:
            kept = set(StageChange.objects.filter(deal=deal).values_list("pk", flat=True))
            self.batch.will_change(StageChange, kept)
            told = set(entries_of([deal.pk]))
            row = move_deal(row, one.stage, by=self.batch.by)
            self.batch.created(Entry, set(entries_of([deal.pk])) - told)
            fresh = StageChange.objects.filter(deal=deal).exclude(pk__in=kept).values_list("pk", flat=True)
            self.batch.created(StageChange, fresh)
        self._count(one)
        changed = row.updated_at != before
        self.batch.finish(
            line,
            Outcome.UPDATED if changed else Outcome.SKIPPED,
            deal.pk,
            None if changed else because("row-unchanged"),
        )


def _deal_tags(names: list[str]) -> dict[str, int]:
    """Return `{folded name: tag}` of deals, making those that are missing."""
    wanted = {name.casefold()[:60]: name[:60] for name in names}
    if not wanted:
        return {}
    Tag.objects.bulk_create(
        [Tag(entity=ENTITY, name=name, fold=folded) for folded, name in wanted.items()], ignore_conflicts=True
    )
    rows = Tag.objects.filter(entity=ENTITY, fold__in=list(wanted)).values_list("name", "id")
    return {fold(name): pk for name, pk in rows}


def _load(batch: Batch) -> None:
    DealLoad(batch).run()


def _undoables() -> tuple[Undoable, ...]:
    parts = ((StageChange, "deal_id"), (DealContact, "deal_id"), (DealTag, "deal_id"))
    told = Undoable(Entry, owner="ref_id", owner_model=MODEL)
    return (told, Undoable(StageChange), Undoable(Deal, parts=parts), *party_undoables())


import_kinds.add(
    "deals",
    ImportKind(
        code="deals",
        label=_("Deals"),
        permission=DealPermission.WRITE,
        targets=targets,
        load=_load,
        undoables=_undoables,
        keys=(MatchKey("external_id", _("own number"), ("external_id",)),),
        entity=ENTITY,
        subject=MODEL,
    ),
    weight=30,
)
loose_references.add("deal-files", LooseReference(MODEL, StoredFile, "subject_id", only={"subject_kind": MODEL}))
