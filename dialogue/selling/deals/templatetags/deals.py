"""What templates ask of deals."""

from django import template

from dialogue.kit.money import print_money
from dialogue.selling.deals.lists import tone_of
from dialogue.selling.deals.models import Deal

register = template.Library()
register.filter("tone", tone_of)


@register.filter
def budget(deal: Deal) -> str:
    """Return the budget for a reader, a dash where there is none."""
    return print_money(deal.budget, deal.currency) if deal.budget is not None else "—"
