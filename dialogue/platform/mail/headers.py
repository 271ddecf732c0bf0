"""Header fields of a letter: encoded words (RFC 2047), folding (RFC 5322, 2.2.3), and no way in for a line break."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from django.utils.translation import gettext as _

from dialogue.platform.mail.addresses import Address
from dialogue.platform.mail.errors import UnsafeHeader

LINE = 78
WORD = 75  # RFC 2047, 2: an encoded word is at most 75 characters
FRAME = len("=?utf-8?b??=")
PHRASE = re.compile(r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
# RFC 2047, 5 (3): what stays itself in a Q word that may stand in a phrase.
Q_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
Q_WRITTEN = ["_" if byte == 0x20 else chr(byte) if byte in Q_PLAIN else f"={byte:02X}" for byte in range(256)]


def refuse_control(text: str, field: str) -> str:
    """Return the text without outer spaces.

    Raises:
        UnsafeHeader: it holds a line break or another control character.
    """
    text = text.strip(" ")
    if not text.isprintable() and any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise UnsafeHeader(_("To send the letter write the field “%(field)s” on one line.") % {"field": field}, field=field)
    return text.strip()


@lru_cache(maxsize=4096)
def _q_cost(character: str) -> int:
    return sum(1 if byte in Q_PLAIN or byte == 0x20 else 3 for byte in character.encode())


def _q(text: str) -> str:
    return "".join(map(Q_WRITTEN.__getitem__, text.encode()))


def _b(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _chunks(text: str, first: int, later: int, cost: Callable[[str], int]) -> Iterator[str]:
    held, used, room = "", 0, first
    for character in text:
        price = cost(character)
        if held and used + price > room:
            yield held
            held, used, room = "", 0, later
        held += character
        used += price
    yield held


def encoded_words(text: str, taken: int) -> str:
    """Return the text as encoded words on folded lines, the first after `taken` characters of its line.

    Each word is at most 75 characters and ends at a character's end; the shorter of the two encodings is used.
    """
    first = max(4, min(WORD, LINE - taken) - FRAME)
    whole = _b(text)
    if len(whole) <= first:
        short = _q(text)
        return f"=?utf-8?q?{short}?=" if len(short) < len(whole) else f"=?utf-8?b?{whole}?="
    later = WORD - FRAME
    if sum(map(_q_cost, text)) < len(text.encode()) * 4 / 3:
        words = [f"=?utf-8?q?{_q(chunk)}?=" for chunk in _chunks(text, first, later, _q_cost)]
    else:
        # Four characters carry three bytes; a word carries whole groups.
        words = [
            f"=?utf-8?b?{_b(chunk)}?="
            for chunk in _chunks(text, first // 4 * 3, later // 4 * 3, lambda character: len(character.encode()))
        ]
    return "\r\n ".join(words)


def unstructured(name: str, text: str) -> str:
    """Return the field `name: text` folded, with encoded words where the text is not plain ASCII.

    Raises:
        UnsafeHeader: the text holds a line break.
    """
    text = refuse_control(text, name)
    taken = len(name) + 2
    plain = text.isascii() and "=?" not in text and "  " not in text
    if plain and taken + len(text) <= LINE:
        return f"{name}: {text}"
    words = text.split(" ")
    if plain and all(len(word) <= LINE - taken for word in words):
        return f"{name}: {_fold(words, taken)}"
    return f"{name}: {encoded_words(text, taken)}"


def _fold(words: list[str], taken: int) -> str:
    lines, length = [words[0]], taken + len(words[0])
    for word in words[1:]:
        if length + 1 + len(word) > LINE:
            lines.append(word)
            length = 1 + len(word)
        else:
            lines[-1] += f" {word}"
            length += 1 + len(word)
    return "\r\n ".join(lines)


def mailbox(name: str, address: Address) -> str:
    """Return the field `name: Display Name <address>` folded (RFC 5322, 3.4).

    Raises:
        UnsafeHeader: the display name holds a line break.
    """
    shown = refuse_control(address.name, name)
    taken = len(name) + 2
    if not shown:
        return f"{name}: {address.email}"
    if not shown.isascii() or "=?" in shown or len(shown) > LINE - taken:
        phrase = encoded_words(shown, taken)
    elif PHRASE.match(shown):
        phrase = shown
    else:
        phrase = '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'
    last = phrase.rpartition("\r\n")[2]
    gap = " " if len(last) + taken + len(address.email) + 3 <= LINE else "\r\n "
    return f"{name}: {phrase}{gap}<{address.email}>"
