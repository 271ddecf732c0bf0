"""From what a person writes to what is sent: places filled from the card, paragraphs and links as plain text and as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape

from django.utils.translation import gettext as _

from dialogue.customers.channels.pieces import filled_with, names_in, tokens_of, tree_of
from dialogue.kit.errors import Refusal

NAMED = re.compile(r"\[([^\[\]\n]{1,200})\]\((https?://[^\s()]{1,1500})\)")
BARE = re.compile(r"https?://[^\s<>\"'\[\]{}|\\^`]{1,1500}")
STRONG = re.compile(r"\*\*([^*\n]{1,300})\*\*")
TAIL = ".,;:!?)»”\u2019"
PLACES = ("name", "first_name", "last_name", "middle_name", "company", "city", "sender", "our_company")

Follow = Callable[[str], str]


def fill(text: str, values: Mapping[str, str], *, field: str = "text") -> str:
    """Return the text with `{{first_name}}` and `{{first_name|colleague}}` filled from the card, its conditions decided.

    Raises:
        Refusal: a place nobody knows, one that is empty and has no other word, or marks that are not of the language.
    """
    tokens = tokens_of(text, field=field)
    pieces = tree_of(tokens, field=field)
    for name in names_in(tokens):
        if name not in values:
            raise Refusal(
                _("To fill {{%(place)s}} you must use a place that exists: %(known)s.")
                % {"place": name, "known": ", ".join(values)},
                field=field,
            )
    return filled_with(pieces, values, field=field)


def _trimmed(url: str) -> tuple[str, str]:
    short = url.rstrip(TAIL)
    return short, url[len(short) :]


def plain_text(text: str, follow: Follow) -> str:
    """Return the text with every link led through `follow`; named links become "words: address"."""
    pieces: list[str] = []
    at = 0
    for found in NAMED.finditer(text):
        pieces += [_bare(text[at : found.start()], follow), f"{found[1]}: {follow(found[2])}"]
        at = found.end()
    pieces.append(_bare(text[at:], follow))
    return STRONG.sub(r"\1", "".join(pieces))


def _bare(text: str, follow: Follow) -> str:
    def put(found: re.Match[str]) -> str:
        url, rest = _trimmed(found[0])
        return follow(url) + rest

    return BARE.sub(put, text)


def html_body(text: str, follow: Follow) -> str:
    """Return the text as HTML paragraphs; nothing of what was written passes unescaped."""
    paragraphs = [part for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()) if part.strip()]
    return "\n".join(f"<p>{_inline(part, follow)}</p>" for part in paragraphs)


def _inline(text: str, follow: Follow) -> str:
    pieces: list[str] = []
    at = 0
    for found in NAMED.finditer(text):
        pieces += [_words(text[at : found.start()], follow), _link(found[2], found[1], follow)]
        at = found.end()
    pieces.append(_words(text[at:], follow))
    return "".join(pieces).replace("\n", "<br>\n")


def _link(url: str, words: str, follow: Follow) -> str:
    return f'<a href="{escape(follow(url))}">{escape(words)}</a>'


def _words(text: str, follow: Follow) -> str:
    pieces: list[str] = []
    at = 0
    for found in BARE.finditer(text):
        url, rest = _trimmed(found[0])
        pieces += [_strong(text[at : found.start()]), _link(url, url, follow), escape(rest)]
        at = found.end()
    pieces.append(_strong(text[at:]))
    return "".join(pieces)


def _strong(text: str) -> str:
    return STRONG.sub(r"<strong>\1</strong>", escape(text))


def links_of(text: str) -> list[str]:
    """Return the addresses the text leads to, each once, in order."""
    found = [match[2] for match in NAMED.finditer(text)]
    found += [_trimmed(match[0])[0] for match in BARE.finditer(NAMED.sub("", text))]
    return list(dict.fromkeys(found))
