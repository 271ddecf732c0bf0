"""`{% piece "name" key=value %}`: a hot piece inside an ordinary template."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from dialogue.kit import pieces

register = template.Library()


@register.simple_tag
def piece(name: str, **given: Any) -> SafeString:
    """Return the piece with what is given."""
    return pieces.piece(name, given)
