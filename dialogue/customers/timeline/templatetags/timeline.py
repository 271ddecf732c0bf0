"""Printing for the timeline's templates."""

from __future__ import annotations

import re

from django import template
from moneyed import Money

from dialogue.kit.money import print_money

register = template.Library()
# The two marks a letter may hold: [words](address) and **words**.
MARKS = re.compile(r"\[([^\]\n]+)\]\((?:https?|mailto)[^)\s]*\)|\*\*([^*\n]+)\*\*")


@register.filter
def printed(money: Money) -> str:
    """Return money for the reader."""
    return print_money(money.amount, money.currency.code)


@register.filter
def unmarked(text: str) -> str:
    """Return what was written without the marks of links and bold type, as its receiver read it."""
    return MARKS.sub(lambda found: found[1] or found[2], text)
