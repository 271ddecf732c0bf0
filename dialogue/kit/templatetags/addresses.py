"""`{% url %}` that remembers where a page stands: a card names thirty addresses, Django resolves each anew."""

from __future__ import annotations

from django import template
from django.template.base import Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parse_url
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from dialogue.kit.addresses import page_url, record_url

register = template.Library()


class RememberedUrl(URLNode):
    """Django's node; an address that takes nothing or one number comes from memory."""

    def render(self, context: template.Context) -> SafeString:
        """Return the address.

        Raises:
            NoReverseMatch: there is no page of this name.
        """
        if self.kwargs or self.asvar or len(self.args) > 1:
            return mark_safe(super().render(context))  # noqa: S308  Django escaped it
        name = self.view_name.resolve(context)
        if not self.args:
            found = page_url(name)
        else:
            given = self.args[0].resolve(context)
            if type(given) is not int:
                return mark_safe(super().render(context))  # noqa: S308  Django escaped it
            found = record_url(name, given)
        return mark_safe(conditional_escape(found) if context.autoescape else found)  # noqa: S308  escaped here


@register.tag
def url(parser: Parser, token: Token) -> RememberedUrl:
    """Parse Django's `{% url %}`."""
    node = parse_url(parser, token)
    return RememberedUrl(node.view_name, node.args, node.kwargs, node.asvar)
