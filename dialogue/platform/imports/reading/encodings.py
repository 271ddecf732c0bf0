"""Which encoding a text file has: Unicode by its form, code pages by how Russian, Ukrainian or Romanian the letters look.

Excel writes the code page of its country without saying so: windows-1251 for Russian and Ukrainian, windows-1250 for
Romanian. Old programs write KOI8, DOS or Macintosh pages. Each candidate decodes the same bytes; the one whose letters,
pairs and capitals look like a language wins.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from dialogue.kit.frozen import frozen
from dialogue.platform.imports.reading.reasons import FileRefused, because

BLOCK = 1 << 20
SAMPLE = 256 * 1024
# Code pages in order of how often a file of our countries has them; the earlier wins a tie.
CYRILLIC = ("cp1251", "koi8_u", "cp866", "mac_cyrillic")
LATIN = ("cp1250", "iso8859_16", "cp1252", "mac_romanian")
NAMES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1251": "Windows-1251",
    "cp1250": "Windows-1250",
    "cp1252": "Windows-1252",
    "iso8859_2": "ISO 8859-2",
    "iso8859_16": "ISO 8859-16",
    "iso8859_5": "ISO 8859-5",
    "koi8_u": "KOI8",
    "cp866": "DOS 866",
    "mac_cyrillic": "Macintosh Cyrillic",
    "mac_romanian": "Macintosh Romanian",
}
# Shares of letters in running text, in thousandths: Russian and Ukrainian together, then the letters Romanian adds to ASCII.
CYRILLIC_SHARES = {
    "о": 100, "а": 80, "е": 75, "и": 68, "н": 67, "т": 58, "р": 47, "с": 46, "в": 48, "л": 40, "к": 37, "м": 31, "д": 31,
    "п": 28, "у": 29, "я": 20, "ы": 12, "ь": 16, "г": 17, "з": 19, "б": 17, "ч": 14, "й": 12, "х": 10, "ж": 9, "ш": 8,
    "ю": 7, "ц": 6, "щ": 4, "э": 2, "ф": 3, "ъ": 0.4, "ё": 1, "і": 25, "ї": 5, "є": 4, "ґ": 0.3,
}  # fmt: skip
LATIN_WEIGHTS = {
    **dict.fromkeys("ăĂțȚșȘţŢşŞ", 2.0),
    **dict.fromkeys("âîÂÎ", 1.2),
    **dict.fromkeys("éüöáäóíßÉÜÖÁÄ", 0.4),
    **dict.fromkeys("őűèêçëàñ", 0.1),
}
PAIRS = frozenset(
    [
        "ст",
        "но",
        "то",
        "на",
        "ен",
        "ов",
        "ни",
        "ра",
        "во",
        "ко",
        "ро",
        "ал",
        "ан",
        "не",
        "ор",
        "ри",
        "ло",
        "ре",
        "та",
        "ин",
        "ер",
        "ас",
        "ос",
        "от",
        "ол",
        "ел",
        "ва",
        "ит",
        "ны",
        "ти",
        "ет",
        "од",
        "по",
        "ом",
        "ка",
        "ет",
        "ск",
        "ый",
        "ий",
        "ла",
        "ве",
        "те",
        "ли",
        "ар",
        "ам",
        "ие",
        "ия",
        "ки",
        "ко",
        "ви",
        "ле",
        "ль",
        "мо",
        "ми",
        "ма",
        "ме",
        "да",
        "де",
        "до",
        "ди",
        "бо",
        "бе",
        "ба",
        "ви",
        "ив",
        "ев",
        "ич",
        "на",
        "ня",
        "ся",
        "ас",
        "иц",
        "ьк",
        "ьн",
        "ук",
        "ці",
        "ів",
        "ій",
        "ії",
        "єв",
        "ха",
        "хо",
        "за",
        "зи",
        "го",
        "га",
        "га",
        "ру",
        "ру",
        "ум",
        "ус",
        "ур",
        "ую",
        "ця",
        "ці",
        "пр",
        "тр",
        "кр",
        "гр",
        "др",
        "бр",
        "ан",
        "ая",
        "ое",
        "ог",
        "ег",
        "им",
        "их",
        "ым",
        "ых",
        "ши",
        "жи",
        "ча",
        "шк",
        "шо",
    ]
)
WORD = re.compile(r"[^\W\d_]+")
ODD_LETTER, SYMBOL, MIXED_SCRIPT, MIXED_CASE, NEIGHBOURS = -2.5, -1.5, -5.0, -3.0, -1.5
# How much likelier a page is before its letters are seen; the company's language adds to its own script.
PRIORS = {"cp1251": 1.0, "cp1250": 0.5, "iso8859_16": 0.2, "mac_cyrillic": -0.5, "mac_romanian": -1.0, "cp866": -0.3}
OF_LANGUAGE = {"ru": CYRILLIC, "uk": CYRILLIC, "ro": LATIN}
OWN_SCRIPT = 1.5
LONG = 200
GOOD_SYMBOLS = frozenset("№«»–—“”„‘’…°§€©®™·\u00a0±²³µ½¼¾№×÷’")


@frozen
class Encoding:
    """The encoding found: its codec, how many bytes of mark stand before the text, and whether the finding is sure."""

    codec: str
    mark: int = 0
    sure: bool = True

    @property
    def name(self) -> str:
        """The name a person knows it by."""
        return NAMES.get(self.codec, self.codec)


def named_encoding(name: str) -> str:
    """Return the codec a person named.

    Raises:
        FileRefused: no such encoding.
    """
    try:
        codec = codecs.lookup(name.strip()).name
    except LookupError:
        raise FileRefused(because("file-no-encoding", encoding=name)) from None
    return {"utf-8-sig": "utf-8", "koi8-r": "koi8_u", "iso8859-2": "iso8859_2", "iso8859-16": "iso8859_16"}.get(
        codec, codec.replace("-", "_") if codec.startswith(("koi8", "mac", "iso")) else codec
    )


def find_encoding(path: Path, language: str = "") -> Encoding:
    """Return the encoding of the file; a file without a letter beyond ASCII counts as UTF-8.

    `language` is the company's: it decides between pages when a file has only a word or two.
    """
    with path.open("rb") as stream:
        head = stream.read(4096)
        marked = _by_mark(head)
        if marked:
            return marked
        wide = _wide(head)
        if wide:
            return Encoding(wide)
        stream.seek(0)
        sample = bytearray()
        while len(sample) < SAMPLE and (block := stream.read(BLOCK)):
            if not block.isascii():
                sample += _high_lines(block)[: SAMPLE - len(sample)]
    return of_bytes(bytes(sample), language)


def _by_mark(head: bytes) -> Encoding | None:
    if head.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8", 3)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return Encoding("utf-32-le" if head.startswith(codecs.BOM_UTF32_LE) else "utf-32-be", 4)
    if head.startswith(codecs.BOM_UTF16_LE):
        return Encoding("utf-16-le", 2)
    if head.startswith(codecs.BOM_UTF16_BE):
        return Encoding("utf-16-be", 2)
    return None


def _wide(head: bytes) -> str:
    """UTF-16 without a mark shows by zero bytes (of delimiters and digits) that all stand on one side."""
    zeros = head.count(0)
    if zeros * 25 < len(head) or not zeros:
        return ""
    odd = head[1::2].count(0)
    if odd >= zeros * 0.9:
        return "utf-16-le"
    return "utf-16-be" if zeros - odd >= zeros * 0.9 else ""


def _high_lines(block: bytes) -> bytes:
    return b"\n".join(line for line in re.split(rb"[\r\n]+", block) if not line.isascii())


def of_bytes(sample: bytes, language: str = "") -> Encoding:
    """Return the encoding of bytes without a mark."""
    if sample.isascii():
        return Encoding("utf-8")
    text = sample.decode("utf-8", errors="surrogateescape")
    broken = sum(1 for sign in text if "\udc80" <= sign <= "\udcff")
    whole = sum(1 for sign in text if sign > "\x7f") - broken
    if broken == 0 or (whole > 0 and whole >= 3 * broken):
        # A few damaged rows among valid ones: the rows are refused one by one, the file is UTF-8.
        return Encoding("utf-8")
    scores: dict[str, float] = {}
    for codec in (*CYRILLIC, *LATIN):
        score = _score(sample, codec)
        if score is not None:
            own = OWN_SCRIPT if codec in OF_LANGUAGE.get(language, ()) else 0.0
            scores[codec] = score + PRIORS.get(codec, 0.0) + own
    best = max(scores, key=lambda codec: scores[codec])
    rivals = [codec for codec in scores if codec != best and scores[best] - scores[codec] < 1.0]
    same = [codec for codec in rivals if sample.decode(codec, "replace") == sample.decode(best, "replace")]
    if len(rivals) > len(same) and len(sample) > LONG:
        best = _second_opinion(sample, [best, *rivals]) or best
    return Encoding(best, 0, len(rivals) == len(same))


def _second_opinion(sample: bytes, codecs_left: list[str]) -> str:
    from charset_normalizer import from_bytes

    found = from_bytes(sample[:20_000], cp_isolation=codecs_left).best()
    return found.encoding if found and found.encoding in codecs_left else ""


def _score(sample: bytes, codec: str) -> float | None:
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError as error:
        # A damaged byte or two must not hide the right page.
        text = sample.decode(codec, errors="replace")
        if (text.count("\ufffd") * 50 > len(text) and len(text) > 50) or error.end - error.start > 8:
            return None
    total = sum(SYMBOL if sign not in GOOD_SYMBOLS else 0.0 for sign in text if sign > "\x7f" and not sign.isalpha())
    known: dict[str, float] = {}
    for word in WORD.findall(text):
        if word.isascii():
            continue
        if word not in known:
            known[word] = _word_score(word)
        total += known[word]
    return total


@lru_cache(maxsize=4096)
def _word_score(word: str) -> float:
    total = 0.0
    cyrillic = sum(1 for sign in word if "\u0400" <= sign <= "\u04ff")
    if 0 < cyrillic < len(word):
        total += MIXED_SCRIPT * min(cyrillic, len(word) - cyrillic)
    low = word.lower()
    for sign in low:
        if sign < "\x80":
            continue
        if "\u0400" <= sign <= "\u04ff":
            share = CYRILLIC_SHARES.get(sign, 0.0)
            total += ODD_LETTER if not share else min(1.2, max(-1.5, 0.25 * (share - 12) / 8))
        else:
            total += LATIN_WEIGHTS.get(sign, ODD_LETTER / 2)
    for first, second in pairwise(word):
        if first.islower() and second.isupper():
            total += MIXED_CASE
        if first > "\x7f" and second > "\x7f":
            if first < "\u0400" and second < "\u0400":
                total += NEIGHBOURS
            elif (first + second).lower() in PAIRS:
                total += 0.8
    return total


# Windows-1250 and ISO 8859-2 have only the letters with a cedilla, Romanian is written with a comma below.
COMMA_BELOW = str.maketrans("ŞşŢţ", "ȘșȚț")
CEDILLA_PAGES = frozenset({"cp1250", "iso8859_2"})
