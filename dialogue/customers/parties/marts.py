"""What the warehouse holds of customers."""

from dialogue.customers.parties.models import Consent, ContactPoint, Party, PartyRelation, PartyTag, RelationType
from dialogue.platform.criteria.models import SLOTS, TEXT_SLOTS
from dialogue.platform.warehouse.marts import Mart, marts

TEXTS = (
    "name", "legal_name", "tax_number", "last_name", "first_name", "middle_name", "position", "language", "time_zone", "external_id",
    "country", "region", "city",
)  # fmt: skip
COLUMNS = (
    "kind", "company_id", "decision", "birth_on", "sex", "phase", "phase_since", "responsible_id", "is_customer", "is_supplier",
    "created_at", "updated_at", "deleted_at",
)  # fmt: skip
marts.add("party", Mart(Party, (*COLUMNS, *TEXTS, *SLOTS), searched=(*TEXTS, *TEXT_SLOTS)))
marts.add("contact_point", Mart(ContactPoint, ("party_id", "kind", "normal"), searched=("normal",)))
marts.add("party_tag", Mart(PartyTag, ("party_id", "tag_id")))
marts.add("relation_type", Mart(RelationType, ("code",)))
marts.add("party_relation", Mart(PartyRelation, ("first_id", "second_id", "type_id", "since", "until")))
marts.add("consent", Mart(Consent, ("party_id", "channel", "purpose", "state", "at")))
