"""The blocks of a letter in a form: read from it, moved about in it, and shown with the fields of each kind."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from dialogue.customers.channels.blocks import (
    FIELDS,
    KIND_HINTS,
    ONLY,
    Block,
    Kind,
    blocks_of_text,
    text_of_blocks,
)
from dialogue.kit.frozen import frozen, record
from dialogue.marketing.campaigns.goods import Good

LABELS: dict[tuple[str, str], str | Promise] = {
    (Kind.HEADING, "text"): _("Words"),
    (Kind.TEXT, "text"): _("Text"),
    (Kind.PICTURE, "src"): _("Address of the picture"),
    (Kind.PICTURE, "alt"): _("What it shows, in words"),
    (Kind.PICTURE, "link"): _("Leads to"),
    (Kind.BUTTON, "text"): _("Words"),
    (Kind.BUTTON, "link"): _("Leads to"),
    (Kind.COLUMNS, "left"): _("Left column"),
    (Kind.COLUMNS, "right"): _("Right column"),
    (Kind.PRODUCT, "text"): pgettext_lazy("of a thing", "Name"),
    (Kind.PRODUCT, "price"): _("Price or other words"),
    (Kind.PRODUCT, "src"): _("Address of the picture"),
    (Kind.PRODUCT, "link"): _("Leads to"),
    (Kind.COUPON, "text"): _("Words above the code"),
    (Kind.HTML, "html"): _("HTML"),
}
ROWS: dict[tuple[str, str], int] = {(Kind.TEXT, "text"): 7, (Kind.COLUMNS, "left"): 5, (Kind.COLUMNS, "right"): 5, (Kind.HTML, "html"): 10,
        (Kind.COUPON, "text"): 3}  # fmt: skip
ADDRESSES = frozenset(("src", "link"))
MOST_FIELDS = 2000
# The field by which a product is looked for; it is not of the letter.
FIND = "find"


@record
class Line:
    """A block in the form: `key` names its fields and stays while it moves; `found` are the products of a `search`."""

    key: str
    block: Block
    search: str = ""
    found: Sequence[Good] | None = None


@frozen
class Field:
    """One field of a block."""

    name: str
    label: str
    value: str
    rows: int
    is_address: bool


@frozen
class Card:
    """A block as the page shows it: its place from 1, whether it can move up and down, its fields."""

    key: str
    kind: str
    number: int
    label: str
    first: bool
    last: bool
    fields: list[Field]
    only: str
    hint: str
    fresh: bool
    search: str
    found: Sequence[Good] | None

    @property
    def is_product(self) -> bool:
        """Whether a product may be taken for it."""
        return self.kind == Kind.PRODUCT

    @property
    def buttons(self) -> list[tuple[str, str, str, bool]]:
        """Return what moves or removes it: (wish, sign, words, whether it would change nothing)."""
        return [
            ("up", "↑", gettext("Move up"), self.first),
            ("down", "↓", gettext("Move down"), self.last),
            ("remove", "✕", gettext("Remove"), False),
        ]


def lines_of(blocks: Sequence[Block]) -> list[Line]:
    """Return the blocks as lines of a form."""
    return [Line(str(number), dict(block)) for number, block in enumerate(blocks, start=1)]


def lines_given(given: QueryDict) -> list[Line]:
    """Return the lines a form gave, in its order."""
    lines: list[Line] = []
    for key in dict.fromkeys(given.getlist("block")[:MOST_FIELDS]):
        kind = given.get(f"kind.{key}", "")
        if kind in FIELDS and key.isdecimal() and len(key) < 6:
            texts = {name: given.get(f"{name}.{key}", "") for name in (*FIELDS[kind], ONLY)}
            lines.append(Line(key, {"kind": kind} | texts, given.get(f"{FIND}.{key}", "").strip()))
    return lines


def rearranged(lines: list[Line], wish: str, kind: str = "") -> tuple[list[Line], str]:
    """Return the lines after "add", "up.KEY", "down.KEY" or "remove.KEY", and the key of a line that is new."""
    verb, _dot, key = wish.partition(".")
    if verb == "add" and kind in FIELDS:
        fresh = str(max((int(one.key) for one in lines), default=0) + 1)
        return [*lines, Line(fresh, {"kind": kind})], fresh
    at = next((number for number, one in enumerate(lines) if one.key == key), -1)
    if at < 0:
        return lines, ""
    if verb == "remove":
        return lines[:at] + lines[at + 1 :], ""
    to = at + {"up": -1, "down": 1}.get(verb, 0)
    if 0 <= to < len(lines):
        moved = list(lines)
        moved[at], moved[to] = moved[to], moved[at]
        return moved, ""
    return lines, ""


def cards_of(lines: Sequence[Line], fresh: str = "") -> list[Card]:
    """Return the lines as the page shows them."""
    return [
        Card(
            key=line.key,
            kind=line.block["kind"],
            number=number,
            label=str(Kind(line.block["kind"]).label),
            first=number == 1,
            last=number == len(lines),
            fields=_fields(line.block),
            only=line.block.get(ONLY, ""),
            hint=str(KIND_HINTS.get(Kind(line.block["kind"]), "")),
            fresh=line.key == fresh,
            search=line.search,
            found=line.found,
        )
        for number, line in enumerate(lines, start=1)
    ]


def _fields(block: Block) -> list[Field]:
    kind = block["kind"]
    return [
        Field(name, str(LABELS[kind, name]), block.get(name, ""), ROWS.get((kind, name), 0), name in ADDRESSES)
        for name in FIELDS[kind]
    ]


def wish_of(given: QueryDict) -> str:
    """Return what a form wishes done with its blocks, "" where it is to be saved; Enter beside a product looks for it."""
    if "do" not in given and "enter" in given:
        return next((f"{FIND}.{line.key}" for line in lines_given(given) if line.search), "")
    return given.get("do", "")


def turned(given: QueryDict, wish: str) -> tuple[str, list[Line] | None, str]:
    """Return the text, the lines of the blocks (None: it is a text) and the key of a new line after what was wished.

    "blocks" makes a block of the text, "text" makes a text of the blocks, others rearrange the blocks.
    """
    if given.get("format") != "blocks":
        body = given.get("body", "")
        return (body, lines_of(blocks_of_text(body)), "") if wish == "blocks" else (body, None, "")
    lines = lines_given(given)
    if wish == "text":
        return text_of_blocks([one.block for one in lines]), None, ""
    moved, fresh = rearranged(lines, wish, given.get("add_kind", ""))
    return "", moved, fresh
