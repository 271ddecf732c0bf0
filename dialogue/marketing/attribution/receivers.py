"""What attribution does when a room speaks: a purchase or deal is attributed in the transaction that records it."""

from dialogue.kit.actors import Actor
from dialogue.marketing.attribution.actions import attribute
from dialogue.marketing.attribution.models import What
from dialogue.selling.deals.signals import DealFact, DealsFact, deal_changed, deal_created, deals_created
from dialogue.selling.promotions.signals import UsesFact, coupons_used
from dialogue.selling.purchases.signals import PurchasesFact, purchases_recorded

DECIDES = {"contact", "contact_id", "company", "company_id", "source"}


def _by(by: Actor) -> Actor:
    # Who may record a purchase may not always set the rules: the attribution follows from his deed.
    return Actor(tenant=by.tenant, label=by.label, user=by.user, kind=by.kind, everything=True)


@purchases_recorded.listen
def attribute_purchases(fact: PurchasesFact) -> None:
    """Say what brought new purchases."""
    attribute(What.PURCHASE, fact.ids, by=_by(fact.by))


@coupons_used.listen
def attribute_coupons(fact: UsesFact) -> None:
    """Say it again of purchases that came with a code."""
    attribute(What.PURCHASE, fact.purchases, by=_by(fact.by))


@deal_created.listen
def attribute_deal(fact: DealFact) -> None:
    """Say what brought a new deal."""
    attribute(What.DEAL, [fact.deal.pk], by=_by(fact.by))


@deals_created.listen
def attribute_deals(fact: DealsFact) -> None:
    """Say what brought many new deals."""
    attribute(What.DEAL, fact.ids, by=_by(fact.by))


@deal_changed.listen
def follow_deal(fact: DealFact) -> None:
    """Ask again when another customer or campaign stands in it."""
    if DECIDES & set(fact.changes):
        attribute(What.DEAL, [fact.deal.pk], by=_by(fact.by))
