"""Printing for the timeline's templates."""

from __future__ import annotations

from django import template
from moneyed import Money

from dialogue.kit.money import print_money

register = template.Library()


@register.filter
def printed(money: Money) -> str:
    """Return money for the reader."""
    return print_money(money.amount, money.currency.code)
