"""`{% kept "name" key %}…{% endkept %}`: a piece of a page that is the same for one reader until something it shows changes.

The key must name everything the piece shows; the language and the company's address are added. An empty key keeps nothing.
"""

from __future__ import annotations

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.urls import get_script_prefix
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from dialogue.kit.reference import Memory

register = template.Library()
MOST_PIECES = 1000
# Stands where a form's secret goes: it differs from request to request.
FORM_TOKEN = "\N{SYMBOL FOR ESCAPE}csrf\N{SYMBOL FOR ESCAPE}"  # noqa: S105  a mark, no secret
_pieces: Memory[str] = Memory(MOST_PIECES)


class KeptNode(template.Node):
    """Renders its content, or gives what it rendered before under the same key."""

    def __init__(self, name: FilterExpression, keys: list[FilterExpression], nodelist: NodeList) -> None:
        self.name = name
        self.keys = keys
        self.nodelist = nodelist

    def render(self, context: template.Context) -> SafeString:
        """Return the piece with this request's secret in its forms."""
        keys = [key.resolve(context) for key in self.keys]
        if not keys[0]:
            return self.nodelist.render(context)

        def make() -> str:
            with context.push(csrf_token=FORM_TOKEN):
                return str(self.nodelist.render(context))

        place = (self.name.resolve(context), get_script_prefix(), get_language(), *map(str, keys[1:]))
        piece = _pieces.get(place, keys[0], make)
        if FORM_TOKEN in piece:
            piece = piece.replace(FORM_TOKEN, str(context.get("csrf_token", "")))
        return mark_safe(piece)  # noqa: S308  a template rendered it


@register.tag
def kept(parser: Parser, token: Token) -> KeptNode:
    """Parse `{% kept "name" stamp key… %}`: the piece is kept per name and keys, and made anew under another stamp."""
    _tag, name, *keys = token.split_contents()
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    if not keys:
        message = "kept needs a name and a stamp"
        raise template.TemplateSyntaxError(message)
    return KeptNode(parser.compile_filter(name), [parser.compile_filter(key) for key in keys], nodelist)
