"""The import of answers: customers, the past campaigns they were reached by, and what they answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.actions import setting_of
from dialogue.customers.parties.bulk import change_parties
from dialogue.customers.parties.columns import person_targets
from dialogue.customers.parties.drafts import ENTITY, NewParty, ready
from dialogue.customers.parties.finding import Resolver, ensure_companies, fold
from dialogue.customers.parties.imports import draft_of, fit_characteristics, given_values, party_undoables
from dialogue.customers.parties.models import Party, PartyKind
from dialogue.customers.sources.actions import ensure_sources
from dialogue.customers.sources.models import Source
from dialogue.customers.timeline.bulk import EntryDraft, record_entries
from dialogue.customers.timeline.models import Entry, Way
from dialogue.customers.timeline.permissions import TimelinePermission
from dialogue.kit.errors import InvalidInput
from dialogue.platform.imports.kinds import (
    Batch,
    Column,
    ImportKind,
    Line,
    LooseReference,
    Target,
    Undoable,
    Value,
    import_kinds,
    loose_references,
)
from dialogue.platform.imports.models import Outcome
from dialogue.platform.imports.reading.dates import clean_moment
from dialogue.platform.imports.reading.reasons import Reason, because, reason_words

ACCEPTED, REFUSED = "accepted", "refused"
REACTIONS = {
    ACCEPTED: ACCEPTED, "yes": ACCEPTED, "да": ACCEPTED, "так": ACCEPTED, "da": ACCEPTED, "1": ACCEPTED, "принял": ACCEPTED,
    "согласился": ACCEPTED, "прийняв": ACCEPTED, "acceptat": ACCEPTED,
    REFUSED: REFUSED, "no": REFUSED, "нет": REFUSED, "ні": REFUSED, "nu": REFUSED, "0": "", "отказался": REFUSED,
    "відмовився": REFUSED, "refuzat": REFUSED, "": "",
    "bought": "bought", "купил": "bought", "купив": "bought", "reply": "reply", "ответил": "reply", "відповів": "reply",
    "called": "called", "позвонил": "called", "came": "came", "пришёл": "came", "пришел": "came",
}  # fmt: skip
WAYS = {str(way): str(way) for way in Way.values} | {
    "почта": "post", "письмо": "post", "звонок": "call", "телефон": "call", "phone": "call", "e-mail": "email", "смс": "sms",
}  # fmt: skip
reason_words.add("answer-none", _("“%(column)s”: “%(value)s” is no answer we know. Use: %(known)s."))
reason_words.add("answer-nobody", _("The row does not say whose answer it is: give his number, e-mail, phone or name."))
reason_words.add("answer-ahead", _("The answer lies ahead: %(value)s. Correct its date."))


def targets() -> list[Target]:
    """Return what a row about answers may hold: the customer and, per campaign, what he said."""
    return [
        Target(
            "answer",
            _("Answer to the campaign…"),
            Value.FLAG,
            synonyms=("response", "отклик", "відгук", "raspuns", "răspuns"),
            several=True,
            named=_("Name of the campaign"),
            group=_("Answers"),
        ),
        Target("campaign", _("Campaign"), synonyms=("campaign", "кампания", "акция", "кампанія", "акція", "campanie", "campania"),
               longest=160, group=_("Answers")),
        Target("reaction", _("Answer"), synonyms=("reaction", "answer", "result", "реакция", "ответ", "результат", "реакція",
               "відповідь", "reactie", "reacție"), group=_("Answers")),
        Target("at", _("When"), Value.MOMENT, synonyms=("date", "when", "дата", "когда", "дата отклика", "коли", "data"),
               group=_("Answers")),
        Target("way", _("Channel"), synonyms=("channel", "канал", "canal"), group=_("Answers")),
        *person_targets(),
    ]  # fmt: skip


class AnswerLoad:
    """One batch of answers."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.now = batch.run.started_at or timezone.now()
        self.setting = setting_of()
        self.drafts: dict[int, NewParty] = {}

    def run(self) -> None:
        """Find or make the customers, then the campaigns, then write touches and answers in two statements."""
        lines = {line.number: line for line in self.batch.open_lines()}
        self._read(lines)
        before = set(self.batch.made.get(Party, set()))
        parties = Resolver(self.batch, self.setting).resolve(self.drafts)
        fresh = self.batch.made.get(Party, set()) - before
        changed = self._update(parties, fresh)
        said = self._said({number: lines[number] for number in parties})
        self._write(parties, said)
        for number, pk in parties.items():
            outcome = Outcome.CREATED if pk in fresh or said[number] else Outcome.SKIPPED
            if pk not in fresh and not said[number] and pk in changed:
                outcome = Outcome.UPDATED
            self.batch.finish(lines[number], outcome, pk, because("row-unchanged") if outcome == Outcome.SKIPPED else None)

    def _read(self, lines: dict[int, Line]) -> None:
        companies = ensure_companies(self.batch, [line.text("company") for line in lines.values()])
        for number, line in lines.items():
            draft = draft_of(line, PartyKind.PERSON)
            fit_characteristics(draft, self.setting, self.batch.company.currency)
            draft.company = companies.get(fold(line.text("company")))
            if not (draft.name or draft.last_name or draft.first_name or draft.contacts):
                if not draft.external_id:
                    self.batch.refuse(line, because("answer-nobody"))
                    continue
                draft.name = f"№ {draft.external_id}"
            reason = self._wrong(line)
            if reason:
                self.batch.refuse(line, reason)
                continue
            try:
                ready(draft, self.setting)
            except InvalidInput as refusal:
                self.batch.refuse(line, because("row-wrong", words=" ".join(map(str, refusal.errors.values()))))
                continue
            self.drafts[number] = draft

    def _wrong(self, line: Line) -> Reason | None:
        reaction = line.text("reaction").lower()
        if reaction not in REACTIONS:
            known = ", ".join(sorted(set(REACTIONS.values()) - {""}))
            return because("answer-none", column=self.batch.header_of("reaction"), value=reaction, known=known)
        at = line.get("at")
        if at and at > timezone.now():
            return because("answer-ahead", value=at.date().isoformat())
        return None

    def _update(self, parties: dict[int, int], fresh: set[int]) -> set[int]:
        values: dict[int, dict[str, Any]] = {}
        for number, pk in parties.items():
            given = given_values(self.drafts[number])
            given.pop("name", None)
            if pk not in fresh and given:
                values.setdefault(pk, {}).update(given)
        if not values:
            return set()
        self.batch.will_change(Party, values)
        return set(change_parties(values, by=self.batch.by))

    def _said(self, lines: dict[int, Line]) -> dict[int, list[tuple[str, str, datetime]]]:
        """Return, per row, (campaign, answer or "", moment) of each campaign the customer was reached by."""
        said: dict[int, list[tuple[str, str, datetime]]] = {}
        for number, line in lines.items():
            found = said.setdefault(number, [])
            at = line.get("at") or self.now
            for name, accepted, column in line.get("answer") or []:
                found.append((name, ACCEPTED if accepted else "", self._moment(column) or at))
            if line.get("campaign"):
                reaction = REACTIONS[line.text("reaction").lower()]
                # A row without a reaction column tells of an answer by being there.
                reaction = reaction if self.batch.plan.has("reaction") else ACCEPTED
                found.append((line.text("campaign"), reaction, at))
        return said

    def _moment(self, column: Column) -> datetime | None:
        given = column.options.get("at")
        read = clean_moment(given, column=column.header, zone=self.batch.company.zone) if given else None
        return read if isinstance(read, datetime) else None

    def _write(self, parties: dict[int, int], said: dict[int, list[tuple[str, str, datetime]]]) -> None:
        made: list[int] = []
        names = {campaign for found in said.values() for campaign, _answer, _at in found}
        sources = ensure_sources(sorted(names), by=self.batch.by, created=made)
        self.batch.created(Source, made)
        flat = [(number, *one) for number, found in said.items() for one in found]
        ways = {line.number: WAYS.get(line.text("way").lower(), "") for line in self.batch.lines}
        touches = [
            EntryDraft(
                party=parties[number],
                kind="campaign",
                at=at,
                way=ways[number],
                subject=campaign,
                source=sources[campaign].pk,
            )
            for number, campaign, _answer, at in flat
        ]
        ids = record_entries(touches, by=self.batch.by, cause="import")
        answers = [
            EntryDraft(
                party=parties[number],
                kind=answer,
                at=at,
                way=ways[number],
                subject=campaign,
                source=sources[campaign].pk,
                touch=touch,
            )
            for touch, (number, campaign, answer, at) in zip(ids, flat, strict=True)
            if answer
        ]
        ids += record_entries(answers, by=self.batch.by, cause="import")
        self.batch.created(Entry, ids)


def _load(batch: Batch) -> None:
    AnswerLoad(batch).run()


def _undoables() -> tuple[Undoable, ...]:
    return (Undoable(Entry), Undoable(Source), *party_undoables())


import_kinds.add(
    "responses",
    ImportKind(
        code="responses",
        label=_("Answers to campaigns"),
        permission=TimelinePermission.WRITE,
        targets=targets,
        load=_load,
        undoables=_undoables,
        entity=ENTITY,
        one_of=(("answer", "campaign"), ("external_id", "email", "phone", "name", "last_name", "first_name")),
        subject=Party._meta.label_lower,
    ),
    weight=50,
)
loose_references.add("answers", LooseReference(Entry._meta.label_lower, Entry, "touch"))
loose_references.add("campaigns", LooseReference(Source._meta.label_lower, Entry, "source"))
loose_references.add("origins", LooseReference(Source._meta.label_lower, Party, "source"))
