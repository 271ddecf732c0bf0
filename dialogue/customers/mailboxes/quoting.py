"""What the writer of a reply wrote himself, apart from what his program quoted."""

from __future__ import annotations

import re
from html.parser import HTMLParser

BLOCKS = {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "hr", "table", "ul", "ol"}
UNSEEN = {"script", "style", "head", "title"}
# Where the earlier letter begins: how the usual programs say so in our four languages.
BEGINS = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|исходное сообщение|пересылаемое сообщение|оригінальне повідомлення|mesaj original)"
    r"\s*-{2,}|_{10,}|.{0,200}\b(?:wrote|пишет|писал|писала|написал|написала|пише|писав|писала|написав|a scris)\s*:"
    r"|.{5,200}<[^<>@\s]{1,100}@[^<>\s]{1,100}>\s*:|(?:from|от|від|de la)\s*:\s.{0,200}@.{0,200})\s*$",
    re.IGNORECASE,
)
WRAPPED = re.compile(r"^\s*(?:on|în|в|у)\s.{5,120}$", re.IGNORECASE)


class _Text(HTMLParser):
    """Collects the words of a page; quoted blocks are left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self._unseen += 1
        elif tag == "blockquote":
            self._quoted += 1
        elif tag in BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        elif tag in BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen and not self._quoted:
            self.pieces.append(" ".join(data.split()) + (" " if data[-1:].isspace() else ""))


def without_tags(html: str) -> str:
    """Return the words of an HTML letter without what it quotes."""
    reader = _Text()
    reader.feed(html[:500_000])
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def own_words(text: str) -> str:
    """Return the reply without the earlier letter under it; where nothing else would be left, the whole text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    for number, line in enumerate(lines):
        if len(line) < 400 and _begins(line, lines[number + 1] if number + 1 < len(lines) else ""):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    own = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return own or text.strip()


def _begins(line: str, following: str) -> bool:
    if BEGINS.match(line):
        return True
    # The line that introduces a quotation is often broken in two.
    return bool(WRAPPED.match(line) and len(following) < 200 and BEGINS.match(f"{line} {following}"))
