"""The kinds of import that fill the customer base: people and companies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.actions import setting_of
from dialogue.customers.parties.bulk import change_parties, create_parties
from dialogue.customers.parties.columns import company_targets, country_code, person_targets
from dialogue.customers.parties.details import tags_named
from dialogue.customers.parties.drafts import ADDRESS_PARTS, ENTITY, NewParty, ReadyParty, Setting, ready
from dialogue.customers.parties.finding import (
    contacts_of,
    ensure_companies,
    find_companies,
    find_contacts,
    find_numbers,
    find_people,
    fold,
    members_named,
)
from dialogue.customers.parties.models import Address, ContactPoint, Party, PartyKind, PartyTag
from dialogue.customers.parties.permissions import PartyPermission
from dialogue.customers.parties.searching import entry_for, index_parties
from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput
from dialogue.platform.criteria.fitting import fit_value
from dialogue.platform.files.models import StoredFile
from dialogue.platform.imports.kinds import (
    Batch,
    ImportKind,
    Line,
    LooseReference,
    MatchKey,
    Names,
    Plan,
    Undoable,
    import_kinds,
    loose_references,
)
from dialogue.platform.imports.models import ImportRow, Outcome
from dialogue.platform.imports.reading.reasons import because, reason_words
from dialogue.platform.tenants.models import Tenant

SEXES = {"f": "f", "female": "f", "ж": "f", "жен": "f", "женский": "f", "жін": "f", "жіноча": "f", "feminin": "f", "woman": "f",
         "m": "m", "male": "m", "м": "m", "муж": "m", "мужской": "m", "чол": "m", "чоловіча": "m", "masculin": "m", "man": "m"}  # fmt: skip
PLAIN = (
    "name", "last_name", "first_name", "middle_name", "position", "external_id", "note", "legal_name", "tax_number", "time_zone",
)  # fmt: skip
PLAIN_SET, PARTS = frozenset(PLAIN), frozenset(ADDRESS_PARTS) - {"country"}
KEYS = (
    MatchKey("external_id", _("own number"), ("external_id",)),
    MatchKey("email", _("e-mail"), ("email",)),
    MatchKey("phone", _("phone"), ("phone",)),
    MatchKey("name", _("name and company"), ("name", "last_name", "first_name")),
)
for _code, _words in {
    "row-same": _("The same as row %(row)s: nothing new."),
    "row-unchanged": _("Exists already, nothing to change."),
    "row-nobody": _("Neither a name nor a contact is given."),
    "member-none": _("“%(column)s”: there is no member “%(value)s” in the company."),
}.items():
    reason_words.add(_code, _words)
reason_words.add("row-wrong", "%(words)s")


def draft_of(line: Line, kind: str) -> NewParty:
    """Return the customer a line speaks of; company, responsible and tags are looked up by the caller."""
    draft = NewParty(kind=kind, contacts=contacts_of(line))
    held = draft.__dict__
    values = line.values
    for name in PLAIN_SET & values.keys():
        if values[name]:
            held[name] = values[name]
    draft.birth_on = values.get("birth_on")
    if "sex" in values:
        draft.sex = SEXES.get(line.text("sex").lower().strip("."), "")
    draft.address = address_of(line)
    draft.characteristics = characteristics_of(line)
    return draft


def address_of(line: Line) -> dict[str, str]:
    """Return the address of a line; a country we do not know by its name stays in the line of the address."""
    values = line.values
    address = {part: values[part] for part in PARTS & values.keys() if values[part]}
    country = line.text("country")
    if country:
        code = country_code(country)
        if code:
            address["country"] = code
        else:
            address["line"] = ", ".join(filter(None, [address.get("line", ""), country]))
    return address


def characteristics_of(line: Line) -> dict[str, Any]:
    """Return the company's own fields of a line, as a record takes them."""
    found: dict[str, Any] = {}
    for name, value in line.values.items():
        if name.startswith("characteristics."):
            found[name.removeprefix("characteristics.")] = value
    return found


def fit_characteristics(draft: NewParty, setting: Setting, currency: str) -> None:
    """Bring read values into the form of their definition: money with its currency, words of a list as its codes."""
    if not draft.characteristics:
        return
    definitions = {one.code: one for one in setting.definitions}
    draft.characteristics = {
        code: fit_value(definitions[code], value, currency) if code in definitions else value
        for code, value in draft.characteristics.items()
    }


def prepare(kind: str, by: Actor) -> Callable[[Line], None]:
    """Return what makes a checked draft of a line, or keeps why it cannot be one; the lookups come with the batch."""
    setting = setting_of()
    currency = Tenant.objects.get(pk=by.tenant).currency

    def make(line: Line) -> None:
        draft = draft_of(line, kind)
        try:
            fit_characteristics(draft, setting, currency)
            one = ready(draft, setting)
            one.found = entry_for(one)
            line.ready = (draft, one)
        except InvalidInput as refusal:
            line.ready = " ".join(str(words) for words in refusal.errors.values())

    return make


def apart(plan: Plan) -> Callable[[Line], Names] | None:
    """Return what names the customers of a line; None where lines make companies and tags that others share."""
    if plan.has("company") or plan.has("tags"):
        return None

    def names(line: Line) -> Names:
        if not isinstance(line.ready, tuple):
            return (), ()
        one: ReadyParty = line.ready[1]
        asked = [f"{point.kind}:{point.normal}" for point in one.contacts]
        if one.party.external_id:
            asked.append(f"external_id:{one.party.external_id}")
        said = [*asked, f"name:{fold(one.party.name)}"]
        # Whoever has a contact or a number is not looked for by his name, but may be found by it.
        return (said if not asked or plan.match == "name" else asked), said

    return names


class PartyLoad:
    """One batch of people or of companies."""

    def __init__(self, batch: Batch, kind: str) -> None:
        self.batch = batch
        self.kind = kind
        self.drafts: dict[int, NewParty] = {}
        self.ready: dict[int, ReadyParty] = {}
        self.lines = {line.number: line for line in batch.open_lines()}

    def run(self) -> None:
        """Give every line its outcome."""
        self._read()
        found = self._find()
        created = {number: self.ready[number] for number in self.ready if number not in found}
        ids = create_parties(list(created.values()), by=self.batch.by)
        self.batch.created(Party, ids)
        for number, pk in zip(created, ids, strict=True):
            self.batch.finish(self.lines[number], Outcome.CREATED, pk)
        self._change(found)

    def _read(self) -> None:
        named = {name for name in ("company", "responsible", "tags") if self.batch.plan.has(name)}
        lines = list(self.lines.values())
        companies = ensure_companies(self.batch, [line.text("company") for line in lines]) if "company" in named else {}
        members = members_named([line.text("responsible") for line in lines]) if "responsible" in named else {}
        tags = tags_named([tag for line in lines for tag in tags_of(line)]) if "tags" in named else {}
        for line in lines:
            wanted = line.text("responsible") if members or "responsible" in named else ""
            responsible = members.get(fold(wanted)) if wanted else None
            if wanted and responsible is None:
                self.batch.refuse(line, because("member-none", column=self.batch.header_of("responsible"), value=wanted))
                continue
            if isinstance(line.ready, str):
                self.batch.refuse(line, because("row-wrong", words=line.ready))
                continue
            draft, one = line.ready
            if named:
                draft.company = one.party.company_id = companies.get(fold(line.text("company")))
                draft.responsible = one.party.responsible_id = responsible
                draft.tags = one.tags = list(dict.fromkeys(tags[tag] for tag in tags_of(line) if tag in tags))
            self.ready[line.number], self.drafts[line.number] = one, draft

    def _key(self, one: ReadyParty) -> list[str]:
        """By what the row's customer is recognised: the chosen key, or all that the row has, the surest first."""
        match = self.batch.plan.match
        if one.party.external_id and match in ("", "external_id"):
            return [f"external_id:{one.party.external_id}"]
        for kind in ("email", "phone"):
            if match in ("", kind):
                keys = [f"{kind}:{point.normal}" for point in one.contacts if point.kind == kind]
                if keys:
                    return keys
        return [f"name:{fold(one.party.name)}:{one.party.company_id or ''}"] if match in ("", "name") else []

    def _find(self) -> dict[int, int]:
        keys = {number: self._key(one) for number, one in self.ready.items()}
        asked = {key for listed in keys.values() for key in listed}
        known = self._known(asked)
        # By a name those are found too whom the batch before has only touched, so no row of it says theirs.
        if (known or any(key.startswith("name:") for key in asked)) and self.batch.alone():
            known = self._known(asked)
        found: dict[int, int] = {}
        first: dict[str, int] = {}
        for number, listed in keys.items():
            twice = next((first[key] for key in listed if key in first), None) if first else None
            if twice is not None:
                self._refuse_twice(number, listed[0], twice)
                continue
            for key in listed:
                first[key] = number
            hit = next((known[key] for key in listed if key in known), None) if known else None
            if hit is not None:
                found[number] = hit
        for number in [number for number, line in self.lines.items() if line.outcome]:
            self.ready.pop(number, None)
        if found:
            self._refuse_earlier(found, keys)
        return found

    def _known(self, keys: set[str]) -> dict[str, int]:
        parts: dict[str, list[str]] = {}
        for key in keys:
            code, _colon, value = key.partition(":")
            parts.setdefault(code, []).append(value)
        known = {f"external_id:{value}": pk for value, pk in find_numbers(parts.get("external_id", [])).items()}
        for kind in ("email", "phone"):
            known |= {f"{kind}:{value}": pk for value, pk in find_contacts(kind, parts.get(kind, [])).items()}
        if "name" in parts and self.kind == PartyKind.PERSON:
            pairs = [(name, int(company) if company else None) for name, company in (v.rsplit(":", 1) for v in parts["name"])]
            known |= {f"name:{name}:{company or ''}": pk for (name, company), pk in find_people(self.batch, pairs).items()}
        elif "name" in parts:
            names = [value.rsplit(":", 1)[0] for value in parts["name"]]
            known |= {f"name:{name}:": pk for name, pk in find_companies(names).items()}
        return known

    def _refuse_twice(self, number: int, key: str, row: int) -> None:
        code, _colon, value = key.partition(":")
        line = self.lines[number]
        if code == "name":
            # Two people of one name and company in a file are one person, named twice.
            self.batch.finish(line, Outcome.SKIPPED, None, because("row-same", row=row))
        else:
            self.batch.refuse(line, because("key-twice", column=self.batch.header_of(code), value=value, row=row))

    def _refuse_earlier(self, found: dict[int, int], keys: Mapping[int, list[str]]) -> None:
        """Refuse rows whose customer an earlier batch of this file has loaded."""
        rows = ImportRow.objects.filter(run=self.batch.run, subject__in=list(found.values()))
        earlier = dict(rows.values_list("subject", "number"))
        for number, pk in list(found.items()):
            if pk in earlier:
                self._refuse_twice(number, keys[number][0], earlier[pk])
                del found[number], self.ready[number]

    def _change(self, found: dict[int, int]) -> None:
        if not found:
            return
        self.batch.will_change(Party, found.values())
        values = {pk: given_values(self.drafts[number]) for number, pk in found.items()}
        changed = set(change_parties(values, by=self.batch.by))
        changed |= self._add_details(found)
        for number, pk in found.items():
            if pk in changed:
                self.batch.finish(self.lines[number], Outcome.UPDATED, pk)
            else:
                self.batch.finish(self.lines[number], Outcome.SKIPPED, pk, because("row-unchanged"))

    def _add_details(self, found: dict[int, int]) -> set[int]:
        """Add contact points, tags and a first address to customers that exist; what they have stays."""
        ids = list(found.values())
        have = set(ContactPoint.objects.filter(party_id__in=ids).values_list("party_id", "kind", "normal"))
        kinds = {(party, kind) for party, kind, _normal in have}
        housed = set(Address.objects.filter(party_id__in=ids).values_list("party_id", flat=True))
        tagged = set(PartyTag.objects.filter(party_id__in=ids).values_list("party_id", "tag_id"))
        points, addresses, tags = [], [], []
        for number, pk in found.items():
            one = self.ready[number]
            for point in one.contacts:
                if (pk, point.kind, point.normal) not in have:
                    point.party_id, point.is_primary = pk, (pk, point.kind) not in kinds and point.is_primary
                    points.append(point.row())
            if one.address and pk not in housed:
                one.address.party_id = pk
                addresses.append(one.address.row())
            tags += [PartyTag(tag_id=tag, party_id=pk) for tag in one.tags if (pk, tag) not in tagged]
        self.batch.created(ContactPoint, [row.pk for row in ContactPoint.objects.bulk_create(points)])
        self.batch.created(Address, [row.pk for row in Address.objects.bulk_create(addresses)])
        self.batch.created(PartyTag, [row.pk for row in PartyTag.objects.bulk_create(tags)])
        if points:
            index_parties(sorted({row.party_id for row in points}))
        return {row.party_id for row in points} | {row.party_id for row in addresses} | {row.party_id for row in tags}


def tags_of(line: Line) -> list[str]:
    """Return the tags of a line, apart by commas or semicolons."""
    return [part.strip() for part in line.text("tags").replace(";", ",").split(",") if part.strip()]


def given_values(draft: NewParty) -> dict[str, Any]:
    """What the row says about a customer that exists: empty cells change nothing."""
    names = (*PLAIN, "birth_on", "sex", "company", "responsible")
    values = {name: getattr(draft, name) for name in names if getattr(draft, name)}
    for part in ("country", "region", "city"):
        if draft.address.get(part):
            values[part] = draft.address[part]
    if draft.characteristics:
        values["characteristics"] = draft.characteristics
    return values


def party_undoables() -> tuple[Undoable, ...]:
    """Return the records that loads of customers make."""
    parts = ((ContactPoint, "party_id"), (Address, "party_id"), (PartyTag, "party_id"))
    return (Undoable(PartyTag), Undoable(ContactPoint), Undoable(Address), Undoable(Party, parts=parts))


def _load(kind: str, batch: Batch) -> None:
    PartyLoad(batch, kind).run()


import_kinds.add(
    "people",
    ImportKind(
        code="people",
        label=_("People"),
        permission=PartyPermission.WRITE,
        targets=person_targets,
        load=partial(_load, PartyKind.PERSON),
        prepare=partial(prepare, PartyKind.PERSON.value),
        apart=apart,
        undoables=party_undoables,
        keys=KEYS,
        entity=ENTITY,
        one_of=(("name", "last_name", "first_name", "email", "phone"),),
        subject=Party._meta.label_lower,
    ),
    weight=10,
)
import_kinds.add(
    "companies",
    ImportKind(
        code="companies",
        label=_("Companies"),
        permission=PartyPermission.WRITE,
        targets=company_targets,
        load=partial(_load, PartyKind.COMPANY),
        prepare=partial(prepare, PartyKind.COMPANY.value),
        apart=apart,
        undoables=party_undoables,
        keys=KEYS,
        entity=ENTITY,
        one_of=(("name", "email", "phone"),),
        subject=Party._meta.label_lower,
    ),
    weight=20,
)
loose_references.add(
    "party-files",
    LooseReference(Party._meta.label_lower, StoredFile, "subject_id", only={"subject_kind": Party._meta.label_lower}),
)
