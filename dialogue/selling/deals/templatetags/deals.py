"""What templates ask of deals."""

from django import template

from dialogue.selling.deals.lists import budget_text, tone_of

register = template.Library()
register.filter("tone", tone_of)
register.filter("budget", budget_text)
