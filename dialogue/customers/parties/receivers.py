"""What parties do when a room speaks."""

from dialogue.customers.parties.drafts import ENTITY
from dialogue.customers.parties.models import Party
from dialogue.customers.parties.searching import index_parties
from dialogue.customers.parties.signals import PartiesFact, PartyFact, parties_changed, party_changed
from dialogue.customers.parties.vocabulary import make_relation_types
from dialogue.platform.accounts.actions import company_created
from dialogue.platform.imports.signals import Undone, records_undone
from dialogue.platform.search.indexing import forget_records
from dialogue.platform.tenants.models import Tenant

# What search finds a customer by; other changes do not touch its row.
FOUND_BY = {"name", "legal_name", "last_name", "first_name", "external_id", "tax_number"}


@company_created.listen
def start_vocabulary(company: Tenant) -> None:
    """Give a new company its kinds of relation, in its language."""
    make_relation_types()


@party_changed.listen
def find_changed(fact: PartyFact) -> None:
    """Let search find a customer by his new name or contact."""
    if any(name in FOUND_BY or name.startswith("contacts.") for name in fact.changes):
        index_parties([fact.party.pk])


@parties_changed.listen
def find_many_changed(fact: PartiesFact) -> None:
    """Let search find many customers by their new names."""
    if FOUND_BY & set(fact.fields):
        index_parties(fact.ids)


@records_undone.listen
def follow_undo(fact: Undone) -> None:
    """Let search forget customers whose import was undone, and find the others as they were."""
    if fact.model == Party._meta.label_lower:
        forget_records(ENTITY, fact.removed)
        index_parties(fact.restored)
