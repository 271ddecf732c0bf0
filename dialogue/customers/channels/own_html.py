"""The HTML a writer brings along: what of it is allowed in letters, and what it says as plain text.

The cleaner is nh3, an allow-list over a browser's own parser. Places stand in the text as marks of the press.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from django.utils.translation import gettext as _

from dialogue.customers.channels.texts import Follow
from dialogue.kit.errors import Refusal

MARKED = re.compile("[\ue000-\ue00f]\\d*[\ue001\ue003]?")
COMMENT = re.compile("<!--(?:([\ue000-\ue00f]\\d*[\ue001\ue003]?)-->|.*?(?:-->|\\Z))", re.DOTALL)
TAG = re.compile(r"(<[^<>]*>)")
TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "center",
        "code",
        "col",
        "colgroup",
        "div",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    ]
)
EVERYWHERE = frozenset(("style", "align", "valign", "width", "height", "bgcolor", "title", "dir", "lang", "role", "class"))
ATTRIBUTES: dict[str, set[str]] = {
    "*": set(EVERYWHERE),
    "a": {"href"},
    "img": {"src", "alt", "border"},
    "table": {"cellpadding", "cellspacing", "border"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
}
STYLES = frozenset(
    [
        "background-color",
        "border",
        "border-bottom",
        "border-collapse",
        "border-color",
        "border-left",
        "border-radius",
        "border-right",
        "border-spacing",
        "border-style",
        "border-top",
        "border-width",
        "color",
        "direction",
        "display",
        "font",
        "font-family",
        "font-size",
        "font-style",
        "font-weight",
        "height",
        "letter-spacing",
        "line-height",
        "list-style-type",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "max-width",
        "min-width",
        "padding",
        "padding-bottom",
        "padding-left",
        "padding-right",
        "padding-top",
        "text-align",
        "text-decoration",
        "text-transform",
        "vertical-align",
        "white-space",
        "width",
    ]
)
LINKS = ("http://", "https://", "mailto:", "tel:")


def leads(link: str) -> bool:
    """Return whether an address leads to a page."""
    return link.startswith(("http://", "https://"))


def clean_html(text: str, follow: Follow) -> str:
    """Return own HTML with what is allowed in letters; its links lead through `follow`.

    Raises:
        Refusal: a place stands where cleaned HTML cannot keep it, such as in a style or at the beginning of an address.
    """
    if MARKED.search(text) and MARKED.findall(_cleaned(text, str)) != MARKED.findall(text):
        raise Refusal(
            _("In own HTML places and conditions stand in text, and in addresses behind https:// and the site."), field="blocks"
        )
    return _cleaned(text, follow)


def _held(text: str) -> str:
    """Return HTML without its comments, its marks in text made comments: these stay where they are, even between rows."""
    parts = TAG.split(COMMENT.sub("", text))
    return "".join(part if part.startswith("<") else MARKED.sub(lambda mark: f"<!--{mark[0]}-->", part) for part in parts)


def _cleaned(text: str, follow: Follow) -> str:
    # Few processes write letters of own HTML: loaded by the first that does.
    import nh3

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "style" and MARKED.search(value):
            return None
        if (tag, name) == ("a", "href"):
            if not value.strip().lower().startswith(LINKS):
                return None
            return follow(value) if leads(value) else value
        return value if (tag, name) != ("img", "src") or leads(value) else None

    cleaned: str = nh3.clean(
        _held(text),
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=attribute,
        url_schemes={"http", "https", "mailto", "tel"},
        filter_style_properties=set(STYLES),
        link_rel=None,
        strip_comments=False,
    )
    return COMMENT.sub(lambda found: found[1] or "", cleaned)


def removed_from(text: str) -> list[str]:
    """Return what the cleaner takes out of own HTML: tags and attributes, each once."""
    found = _Found()
    found.feed(text)
    return list(found.wrong)


class _Found(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong[f"<{tag}>"] = None
            return
        for name, value in attrs:
            bad = name not in EVERYWHERE and name not in ATTRIBUTES.get(tag, ())
            bad = bad or (name == "href" and not (value or "").strip().lower().startswith((*LINKS, "{")))
            if bad or (name == "src" and not leads(value or "")):
                self.wrong[name] = None


class _Text(HTMLParser):
    """Own HTML as plain text: paragraphs and rows as lines, links with their address behind them."""

    NEW = frozenset(["p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "hr", "br"])

    def __init__(self, follow: Follow) -> None:
        super().__init__()
        self.follow, self.said, self.links = follow, list[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag in self.NEW:
            self.said.append("\n")
        if tag == "a":
            self.links.append(known.get("href") or "")
        if tag == "img":
            self.said.append(known.get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.NEW:
            self.said.append("\n")
        if tag == "a" and self.links:
            link = self.links.pop()
            if link:
                self.said.append(f": {self.follow(link) if leads(link) else link}")
        if tag in {"td", "th"}:
            self.said.append(" ")

    def handle_data(self, data: str) -> None:
        self.said.append(re.sub(r"\s+", " ", data))


def text_of_html(html: str, follow: Follow) -> str:
    """Return cleaned own HTML as plain text."""
    reader = _Text(follow)
    reader.feed(html)
    lines = (line.strip() for line in "".join(reader.said).split("\n"))
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip()
