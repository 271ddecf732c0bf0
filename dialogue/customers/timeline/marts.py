"""What the warehouse holds of the timeline: its words stay in PostgreSQL."""

from dialogue.customers.timeline.models import Entry
from dialogue.platform.warehouse.marts import Mart, RollUp, marts, rollups

marts.add("entry", Mart(Entry, ("at", "party_id", "side", "kind", "way", "touch", "source", "by")))
rollups.add("contact", RollUp("entry", by=("side", "way"), ordered=True))
rollups.add("answers", RollUp("entry", by=("source", "kind"), among=(("side", "in"),), ordered=True))
