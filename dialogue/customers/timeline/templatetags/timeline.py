"""Printing for templates that show entries of the timeline."""

from django import template

from dialogue.customers.timeline.rules import unmarked

register = template.Library()
register.filter("unmarked", unmarked)
