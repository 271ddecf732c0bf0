"""A letter of blocks: what may stand in one, its HTML for mail programs (tables, inline styles, 600 pixels) and its plain text.

A block is plain data: its kind and texts in the language of letters (`pieces.py`). Own HTML passes an allow-list cleaner (nh3);
everything else is escaped. Texts come here with their places filled, or with marks of the press where places stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dialogue.customers.channels.own_html import clean_html, leads, text_of_html
from dialogue.customers.channels.pieces import filled_with, tokens_of, tree_of
from dialogue.customers.channels.texts import Follow, html_body, plain_text
from dialogue.kit.errors import Refusal

MOST = 60
LONGEST = 100_000


class Kind(models.TextChoices):
    """What a block is."""

    HEADING = "heading", pgettext_lazy("block of a letter", "Heading")
    TEXT = "text", pgettext_lazy("block of a letter", "Text")
    PICTURE = "picture", pgettext_lazy("block of a letter", "Picture")
    BUTTON = "button", pgettext_lazy("block of a letter", "Button")
    COLUMNS = "columns", pgettext_lazy("block of a letter", "Two columns")
    PRODUCT = "product", pgettext_lazy("block of a letter", "Product")
    COUPON = "coupon", pgettext_lazy("block of a letter", "Coupon")
    DIVIDER = "divider", pgettext_lazy("block of a letter", "Line")
    HTML = "html", pgettext_lazy("block of a letter", "Own HTML")


# The texts of each kind. `only` may stand in every block: a condition such as `city == "Iași"`.
FIELDS: dict[str, tuple[str, ...]] = {
    Kind.HEADING: ("text",),
    Kind.TEXT: ("text",),
    Kind.PICTURE: ("src", "alt", "link"),
    Kind.BUTTON: ("text", "link"),
    Kind.COLUMNS: ("left", "right"),
    Kind.PRODUCT: ("text", "price", "src", "link"),
    Kind.COUPON: ("text",),
    Kind.DIVIDER: (),
    Kind.HTML: ("html",),
}
ONLY = "only"
# What a coupon prints besides its words: the place the room above fills with a code.
CODE = {Kind.COUPON: {"code": "{{coupon}}"}}
Block = dict[str, str]

ALONE = re.compile("<p>((?:\ue000\\d+\ue001)+)</p>")
FONT = "font-family:Arial,Helvetica,sans-serif"
INK, SOFT, ACCENT = "#23302f", "#5d6b69", "#0f6b66"
WIDTH = 536


def checked_blocks(given: Sequence[Mapping[str, object]]) -> list[Block]:
    """Return the blocks with the texts their kinds have, and nothing else.

    Raises:
        Refusal: an unknown kind, too many blocks, or too long a text.
    """
    if len(given) > MOST:
        raise Refusal(_("Shorten the letter to %(most)s blocks.") % {"most": MOST}, field="blocks")
    kept: list[Block] = []
    for one in given:
        kind = str(one.get("kind", ""))
        if kind not in FIELDS:
            raise Refusal(_("There is no block “%(kind)s”.") % {"kind": kind[:40]}, field="blocks")
        texts = {
            name: str(one.get(name) or "").replace("\0", "").replace("\r\n", "\n").strip() for name in (*FIELDS[kind], ONLY)
        }
        kept.append({"kind": kind} | {name: text for name, text in texts.items() if text})
    if sum(len(text) for block in kept for text in block.values()) > LONGEST:
        raise Refusal(_("Shorten this to %(limit)s characters.") % {"limit": LONGEST}, field="blocks")
    return kept


def texts_of(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the texts of a block with their names, what its kind prints by itself included."""
    yield from ((name, block[name]) for name in FIELDS[block["kind"]] if block.get(name))
    yield from CODE.get(Kind(block["kind"]), {}).items()


def condition_of(block: Block) -> str:
    """Return the condition of a block in the language of letters, to be closed by `{% endif %}`; "" where it has none."""
    return f"{{% if {block[ONLY]} %}}" if block.get(ONLY) else ""


def all_text(blocks: Sequence[Block]) -> str:
    """Return everything the blocks say, conditions included: what is looked through for places."""
    said = []
    for block in blocks:
        condition = condition_of(block)
        said += [condition, *(text for _name, text in texts_of(block)), "{% endif %}" if condition else ""]
    return "\n".join(said)


def filled_blocks(blocks: Sequence[Block], values: Mapping[str, str]) -> list[Block]:
    """Return the blocks a customer gets with their places filled; values are escaped in own HTML.

    Raises:
        Refusal: a place is empty and has no other words, or a text is not of the language of letters.
    """
    made: list[Block] = []
    for block in blocks:
        condition = condition_of(block)
        if condition and not filled_with(tree_of(tokens_of(f"{condition}x{{% endif %}}")), values):
            continue
        texts = {
            name: filled_with(tree_of(tokens_of(text)), values, change=escape if name == "html" else str)
            for name, text in texts_of(block)
        }
        made.append({"kind": block["kind"]} | texts)
    return made


def marked_blocks(
    blocks: Sequence[Block], mark: Callable[[str], str], bracket: Callable[[str], tuple[str, str]]
) -> list[Block]:
    """Return the blocks with marks where places stand; `before` and `after` hold the marks of a block's condition.

    Raises:
        Refusal: a text is not of the language of letters.
    """
    made: list[Block] = []
    for block in blocks:
        texts = {name: mark(text) for name, text in texts_of(block)}
        condition = condition_of(block)
        if condition:
            texts["before"], texts["after"] = bracket(condition)
        made.append({"kind": block["kind"]} | texts)
    return made


def tried_out(blocks: Sequence[Block]) -> str:
    """Return the blocks as HTML with marks where places stand, as the press will make them.

    Raises:
        Refusal: a text is not of the language of letters, or a place of own HTML stands where it cannot be kept.
    """

    def mark(text: str) -> str:
        parts = tokens_of(text)
        tree_of(parts)
        return "".join(part if isinstance(part, str) else f"\ue000{at}\ue001" for at, part in enumerate(parts))

    def bracket(condition: str) -> tuple[str, str]:
        mark(condition + "{% endif %}")
        return "", ""

    return blocks_html(marked_blocks(blocks, mark, bracket), str)


def links_in(blocks: Sequence[Block]) -> list[str]:
    """Return the addresses the blocks lead to, each once, in order."""
    found: dict[str, None] = {}

    def note(url: str) -> str:
        found[url] = None
        return url

    for block in blocks:
        _html(block, note)
    return list(found)


def blocks_plain(blocks: Sequence[Block], follow: Follow) -> str:
    """Return the blocks as plain text."""
    said = (block.get("before", "") + _plain(block, follow) + block.get("after", "") for block in blocks)
    return "\n\n".join(text for text in said if text.strip())


def _plain(block: Block, follow: Follow) -> str:
    kind = block["kind"]
    text, link = block.get("text", ""), block.get("link", "")
    if kind == Kind.DIVIDER:
        return "* * *"
    if kind == Kind.HTML:
        return text_of_html(clean_html(block.get("html", ""), str), follow)
    if kind == Kind.COLUMNS:
        return "\n\n".join(plain_text(block[side], follow) for side in ("left", "right") if block.get(side))
    if kind == Kind.BUTTON:
        return f"{text}: {follow(link)}" if leads(link) else text
    if kind == Kind.PICTURE:
        said = block.get("alt", "")
        return f"{said}: {follow(link)}" if said and leads(link) else said
    if kind == Kind.PRODUCT:
        lines = [text, block.get("price", ""), follow(link) if leads(link) else ""]
        return "\n".join(line for line in lines if line)
    if kind == Kind.COUPON:
        return "\n".join(line for line in (plain_text(text, follow), block.get("code", "")) if line)
    return plain_text(text, follow)


def blocks_html(blocks: Sequence[Block], follow: Follow) -> str:
    """Return the blocks as rows of the letter's table.

    Raises:
        Refusal: a place of own HTML stands where the cleaned HTML cannot keep it.
    """
    return "\n".join(block.get("before", "") + _html(block, follow) + block.get("after", "") for block in blocks)


def _row(inside: str, style: str = "") -> str:
    return f'<tr><td class="ink" style="padding:0 32px 18px;{FONT};font-size:16px;line-height:1.5;color:{INK};{style}">{inside}</td></tr>'


def _said(text: str, follow: Follow) -> str:
    """Return Markdown as paragraphs with their own styles."""
    html = ALONE.sub(r"\1", html_body(text, follow))
    html = html.replace("<p>", '<p style="margin:0 0 12px">').replace(
        "<a href=", f'<a class="link" style="color:{ACCENT}" href='
    )
    # The last paragraph's space is the row's own.
    at = html.rfind('<p style="margin:0 0 12px">')
    return html if at < 0 else html[:at] + html[at:].replace("margin:0 0 12px", "margin:0", 1)


def _image(src: str, alt: str, width: int) -> str:
    if not leads(src):
        return escape(alt)
    style = f"display:block;width:100%;max-width:{width}px;height:auto;border:0;color:{SOFT}"
    return f'<img src="{escape(src)}" alt="{escape(alt)}" width="{width}" style="{style}">'


def _button(words: str, link: str, follow: Follow) -> str:
    if not leads(link):
        return f"<b>{escape(words)}</b>"
    style = f"display:inline-block;padding:12px 24px;{FONT};font-size:16px;font-weight:bold;color:#ffffff;text-decoration:none"
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>'
        f'<td class="button" bgcolor="{ACCENT}" style="background-color:{ACCENT};border-radius:6px">'
        f'<a href="{escape(follow(link))}" style="{style}">{escape(words)}</a></td></tr></table>'
    )


def _linked(inside: str, link: str, follow: Follow) -> str:
    return f'<a href="{escape(follow(link))}">{inside}</a>' if leads(link) else inside


def _html(block: Block, follow: Follow) -> str:
    kind = block["kind"]
    text, link = block.get("text", ""), block.get("link", "")
    if kind == Kind.HEADING:
        return _row(f'<h1 style="margin:6px 0 0;font-size:24px;line-height:1.25;font-weight:bold">{escape(text)}</h1>')
    if kind == Kind.PICTURE:
        return _row(_linked(_image(block.get("src", ""), block.get("alt", ""), WIDTH), link, follow))
    if kind == Kind.BUTTON:
        return _row(_button(text, link, follow))
    if kind == Kind.COLUMNS:
        sides = (_half(_said(block.get(side, ""), follow), side) for side in ("left", "right"))
        return _row(_table("".join(sides)))
    if kind == Kind.PRODUCT:
        return _row(_product(block, follow))
    if kind == Kind.COUPON:
        code = f'<b style="font-size:22px;letter-spacing:2px">{escape(block.get("code", ""))}</b>'
        box = f'<td class="box" align="center" style="padding:16px;border:2px dashed {ACCENT};border-radius:8px">'
        return _row(_table(f"{box}{_said(text, follow)}<div>{code}</div></td>"))
    if kind == Kind.DIVIDER:
        return _row('<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>'
                    '<td class="line" style="border-top:1px solid #d9d5cc;font-size:0;line-height:0">&nbsp;</td></tr></table>')  # fmt: skip
    if kind == Kind.HTML:
        return _row(clean_html(block.get("html", ""), follow))
    return _row(_said(text, follow))


def _table(cells: str) -> str:
    return f'<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>{cells}</tr></table>'


def _half(inside: str, side: str) -> str:
    gap = "padding-right:12px" if side == "left" else "padding-left:12px"
    return f'<td class="half ink" width="50%" valign="top" style="{gap};{FONT};font-size:16px;line-height:1.5;color:{INK}">{inside}</td>'


def _product(block: Block, follow: Follow) -> str:
    link = block.get("link", "")
    name = f'<b style="font-size:17px">{escape(block.get("text", ""))}</b>'
    price = f'<div class="soft" style="padding:4px 0 10px;color:{SOFT}">{escape(block.get("price", ""))}</div>'
    picture = _linked(_image(block.get("src", ""), block.get("text", ""), 160), link, follow) if block.get("src") else ""
    style = f"color:{ACCENT};font-weight:bold"
    words = escape(_("Look at it"))
    more = f'<a class="link" style="{style}" href="{escape(follow(link))}">{words}</a>' if leads(link) else ""
    first = f'<td width="160" valign="top" style="padding-right:20px">{picture}</td>' if picture else ""
    cell = f'<td class="ink" valign="top" style="{FONT};font-size:16px;line-height:1.4;color:{INK}">{name}{price}{more}</td>'
    return _table(first + cell)


def blocks_of_text(text: str) -> list[Block]:
    """Return a letter in Markdown as one block of text."""
    return [{"kind": Kind.TEXT.value, "text": text.strip()}] if text.strip() else []


def text_of_blocks(blocks: Sequence[Block]) -> str:
    """Return blocks as Markdown: pictures and buttons as links; own HTML as its words."""
    said: list[str] = []
    for block in blocks:
        kind, text, link = block["kind"], block.get("text", ""), block.get("link", "")
        if kind == Kind.HEADING:
            said.append(f"**{text}**")
        elif kind in {Kind.BUTTON, Kind.PICTURE}:
            words = text or block.get("alt", "")
            said.append(f"[{words}]({link})" if words and leads(link) else words)
        elif kind == Kind.COLUMNS:
            said += [block.get("left", ""), block.get("right", "")]
        elif kind == Kind.PRODUCT:
            said.append("\n".join(line for line in (f"**{text}**", block.get("price", ""), link) if line))
        elif kind == Kind.HTML:
            said.append(text_of_html(block.get("html", ""), str))
        else:
            said += [text, *CODE.get(Kind(kind), {}).values()]
    return "\n\n".join(part for part in said if part.strip())


KIND_HINTS = {
    Kind.HTML: gettext_lazy("Scripts, forms and what mail programs do not show are taken out."),
    Kind.COUPON: gettext_lazy("The code stands under these words. The plan says which coupons."),
}
