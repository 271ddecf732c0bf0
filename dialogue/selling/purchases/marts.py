"""What the warehouse holds of purchases; their numbers and notes stay in PostgreSQL."""

from dialogue.platform.warehouse.marts import Mart, RollUp, marts, rollups
from dialogue.selling.purchases.models import Purchase, PurchaseLine

marts.add("purchase", Mart(Purchase, ("at", "party_id", "amount", "currency", "is_return")))
marts.add("purchase_line", Mart(PurchaseLine, ("purchase_id", "product_id")))
rollups.add("spend", RollUp("purchase", by=("currency",), amount="amount"))
rollups.add("activity", RollUp("purchase", by=("currency",), amount="amount", monthly=True))
