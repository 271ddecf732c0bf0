"""What the warehouse holds of deals."""

from dialogue.platform.criteria.models import SLOTS, TEXT_SLOTS
from dialogue.platform.warehouse.marts import Mart, marts
from dialogue.selling.deals.models import Deal, DealContact, DealTag

TEXTS = ("title", "lost_reason", "external_id")
COLUMNS = (
    "pipeline_id", "stage_id", "stage_class", "stage_since", "closed_at", "loss_id", "company_id", "contact_id", "budget",
    "currency", "responsible_id", "expected_on", "next_step_on", "created_at", "updated_at", "deleted_at",
)  # fmt: skip
marts.add("deal", Mart(Deal, (*COLUMNS, *TEXTS, *SLOTS), searched=(*TEXTS, *TEXT_SLOTS)))
marts.add("deal_contact", Mart(DealContact, ("deal_id", "party_id")))
marts.add("deal_tag", Mart(DealTag, ("deal_id", "tag_id")))
