"""The leaves of customers over the warehouse: the same rules as `fields.related` and `fields.consent` are in PostgreSQL."""

from __future__ import annotations

from typing import Any

from dialogue.customers.parties.fields import party
from dialogue.customers.parties.models import Consent, Party, PartyRelation, Purpose, RelationType
from dialogue.platform.criteria.rules import Tree


def related(expressions: Any, tree: Tree, rows: Any) -> Any:
    """Return who stands in a relation that has not ended."""
    others = expressions.rows(Party)
    for part in tree.get("where", []):
        others = others.filter(expressions.compile(party, part, others))
    types = expressions.every(RelationType)
    types = types.filter(types.code == str(tree["related"]))
    ties = expressions.every(PartyRelation)
    going_on = ties.until.isnull() | (ties.until >= expressions.today()).fill_null(False)
    ties = ties.filter(going_on & ties.type_id.isin(types.id))
    here, there = ("second_id", "first_id") if tree.get("back") else ("first_id", "second_id")
    return rows.id.isin(ties.filter(ties[there].isin(others.id))[here])


def consent(expressions: Any, tree: Tree, rows: Any) -> Any:
    """Return whose latest word about a channel and a purpose is such."""
    said = expressions.every(Consent)
    asked = (said.channel == tree["consent"]) & (said.purpose == tree.get("purpose", str(Purpose.MARKETING)))
    said = said.filter(asked & (said["at"] <= expressions.now()))
    latest = expressions.newest(said, "party_id", ["at", "id"])
    return rows.id.isin(latest.filter(latest.state == tree.get("is", "given")).party_id)
