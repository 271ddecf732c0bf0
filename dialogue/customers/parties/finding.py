"""Customers of imported rows: found among those that exist, among those of the same file, or made. Set statements only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Any

from django.db import connection

from dialogue.customers.parties.bulk import create_parties
from dialogue.customers.parties.drafts import Contact, NewParty, ReadyParty, Setting, ready
from dialogue.customers.parties.models import Party, PartyKind
from dialogue.customers.parties.rules import one_line
from dialogue.kit.frozen import record
from dialogue.kit.scope import current_tenant
from dialogue.platform.accounts.models import Membership
from dialogue.platform.imports.kinds import Batch
from dialogue.platform.imports.models import ImportChange

MODEL = Party._meta.label_lower
BY_NAME = (
    "SELECT p.id, p.name, p.company_id FROM parties_party p"
    " JOIN (SELECT DISTINCT left(sort_key(x, 'ro'), 60) AS k FROM unnest(%s::text[]) x) q ON p.name_sort = q.k"
    " WHERE p.tenant_id = %s AND p.deleted_at IS NULL AND p.kind = %s ORDER BY p.id"
)
# One array, not a thousand parameters: a statement of many is parsed longer than it runs. Not a join with the array: of a
# table it knows nothing of yet, PostgreSQL planned to walk all of it for each contact.
BY_CONTACT = (
    "SELECT c.normal, c.party_id FROM parties_contactpoint c"
    " JOIN parties_party p ON p.tenant_id = c.tenant_id AND p.id = c.party_id AND p.deleted_at IS NULL"
    " WHERE c.tenant_id = %s AND c.kind = %s AND c.normal = ANY(%s) ORDER BY c.party_id DESC"
)


def fold(text: str) -> str:
    """Return a name in the form in which two spellings are the same."""
    return one_line(text).casefold().replace("ё", "е")


def _named(names: Iterable[str], kind: str) -> list[tuple[int, str, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute(BY_NAME, [[one_line(name) for name in names], current_tenant(), kind])
        return [(int(pk), fold(name), company) for pk, name, company in cursor.fetchall()]


def find_companies(names: Iterable[str]) -> dict[str, int]:
    """Return `{folded name: id}` of the companies that exist; the oldest where several have the name."""
    found: dict[str, int] = {}
    for pk, name, _company in _named(names, PartyKind.COMPANY):
        found.setdefault(name, pk)
    return found


def ensure_companies(batch: Batch, names: Iterable[str]) -> dict[str, int]:
    """Return `{folded name: id}`, making the companies that are missing and journalling them."""
    wanted: dict[str, str] = {}
    for name in names:
        if name:
            wanted.setdefault(fold(name), one_line(name))
    if not wanted:
        return {}
    found = find_companies(wanted.values())
    missing = {folded: name for folded, name in wanted.items() if folded not in found}
    ids = create_parties([NewParty(kind=PartyKind.COMPANY, name=name[:200]) for name in missing.values()], by=batch.by)
    batch.created(Party, ids)
    return found | dict(zip(missing, ids, strict=True))


def made_here(batch: Batch, ids: Iterable[int]) -> set[int]:
    """Return those of the ids that this import has made or changed, in this batch or an earlier one."""
    wanted = set(ids)
    earlier = ImportChange.objects.filter(run=batch.run, model=MODEL, row_id__in=wanted).values_list("row_id", flat=True)
    return (set(earlier) | batch.made.get(Party, set())) & wanted


def find_people(batch: Batch, pairs: Iterable[tuple[str, int | None]]) -> dict[tuple[str, int | None], int]:
    """Return `{(folded name, company): id}` of people that exist.

    A name alone says little, so without a company only people of the same file are recognised.
    """
    wanted = set(pairs)
    rows = [row for row in _named({name for name, _company in wanted}, PartyKind.PERSON) if (row[1], row[2]) in wanted]
    alone = made_here(batch, [pk for pk, _name, company in rows if company is None])
    found: dict[tuple[str, int | None], int] = {}
    for pk, name, company in rows:
        if company is not None or pk in alone:
            found.setdefault((name, company), pk)
    return found


def find_numbers(numbers: Iterable[str]) -> dict[str, int]:
    """Return `{own number: id}`."""
    wanted = list(numbers)
    return dict(Party.objects.filter(external_id__in=wanted).values_list("external_id", "id")) if wanted else {}


def find_contacts(kind: str, normals: Iterable[str]) -> dict[str, int]:
    """Return `{normal form: party}` of contact points; the oldest party where several share one."""
    wanted = list(normals)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(BY_CONTACT, [current_tenant(), kind, wanted])
        return dict(cursor.fetchall())


def members_named(names: Iterable[str]) -> dict[str, int]:
    """Return `{folded name or e-mail: user}` of the company's active members."""
    found: dict[str, int] = {}
    if any(names):
        rows = Membership.objects.filter(is_active=True).values_list("user_id", "user__name", "user__email")
        for user, name, email in rows:
            found[fold(name or "")] = user
            found[fold(email)] = user
    return found


@record
class Wanted:
    """The customer a row speaks of: what is known of him and by what he is recognised."""

    draft: NewParty
    numbers: list[str] = field(default_factory=list)
    found: int | None = None
    fresh: ReadyParty | None = None


class Resolver:
    """Finds or makes the customers of a batch: by own number, e-mail, phone, then name and company."""

    def __init__(self, batch: Batch, setting: Setting) -> None:
        self.batch = batch
        self.setting = setting

    def resolve(self, drafts: dict[int, NewParty]) -> dict[int, int]:
        """Return `{row: party}` for `{row: draft}`; rows that speak of one customer share him.

        Raises:
            InvalidInput: a draft is wrong (the caller has checked it before).
        """
        checked = {number: ready(draft, self.setting) for number, draft in drafts.items()}
        known = self._lookups(checked.values())
        found: dict[int, int] = {}
        waiting: dict[str, list[int]] = {}
        for number, one in checked.items():
            keys = keys_of(one)
            hit = next((known[key] for key in keys if key in known), None)
            if hit is not None:
                found[number] = hit
                continue
            group = next((waiting[key] for key in keys if key in waiting), None)
            if group is None:
                group = []
            group.append(number)
            for key in keys:
                waiting.setdefault(key, group)
        groups = list({id(group): group for group in waiting.values()}.values())
        groups += [[number] for number in checked if number not in found and not keys_of(checked[number])]
        ids = create_parties([checked[group[0]] for group in groups], by=self.batch.by)
        self.batch.created(Party, ids)
        for group, pk in zip(groups, ids, strict=True):
            for number in group:
                found[number] = pk
        return found

    def _lookups(self, checked: Iterable[ReadyParty]) -> dict[str, int]:
        rows = list(checked)
        known: dict[str, int] = {}
        # Who has a number, an e-mail or a phone is never looked up by name.
        bare = [one for one in rows if any(key.startswith(("name:", "company:")) for key in keys_of(one))]
        pairs = {(fold(one.party.name), one.party.company_id) for one in bare if one.party.is_person}
        for (name, company), pk in (find_people(self.batch, pairs) if pairs else {}).items():
            known[f"name:{name}:{company or ''}"] = pk
        firms = [one.party.name for one in bare if not one.party.is_person]
        for name, pk in find_companies(firms).items() if firms else ():
            known[f"company:{name}"] = pk
        for kind in ("phone", "email"):
            normals = {point.normal for one in rows for point in one.contacts if point.kind == kind}
            known |= {f"{kind}:{normal}": pk for normal, pk in find_contacts(kind, normals).items()}
        numbers = {one.party.external_id for one in rows if one.party.external_id}
        return known | {f"number:{number}": pk for number, pk in find_numbers(numbers).items()}


def keys_of(one: ReadyParty) -> list[str]:
    """Return by what a customer is recognised, the surest first. An own number excludes every weaker key."""
    party = one.party
    if party.external_id:
        return [f"number:{party.external_id}"]
    keys = [f"{point.kind}:{point.normal}" for kind in ("email", "phone") for point in one.contacts if point.kind == kind]
    if keys:
        return keys
    if not party.name:
        return []
    if party.is_person:
        return [f"name:{fold(party.name)}:{party.company_id or ''}"]
    return [f"company:{fold(party.name)}"]


def contacts_of(line: Any) -> list[Contact]:
    """Return the contact points of a line; one cell may hold several, apart by commas or semicolons."""
    found: list[Contact] = []
    values = line.values
    for kind in ("email", "phone"):
        for _name, text, _column in values.get(kind) or ():
            if "," in text or ";" in text:
                found += [Contact(kind, part.strip()) for part in text.replace(";", ",").split(",") if part.strip()]
            else:
                found.append(Contact(kind, text))
    for kind in ("telegram", "site"):
        if values.get(kind):
            found.append(Contact(kind, values[kind]))
    return found
