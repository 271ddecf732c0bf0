"""What coupons do when a room speaks."""

from dialogue.selling.promotions.actions import use_coupons
from dialogue.selling.purchases.signals import PurchasesFact, purchases_recorded


@purchases_recorded.listen
def use_codes(fact: PurchasesFact) -> None:
    """Judge the codes that came with purchases."""
    if fact.with_coupons:
        use_coupons(fact.with_coupons, entries=fact.entries, by=fact.by)
