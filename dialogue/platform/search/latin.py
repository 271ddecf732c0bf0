"""How search compares: folded text in Latin letters, and its trigrams as numbers of one company.

Written and asked in Python alone: a million rows cost a tenth of what SQL functions did.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

# A shorter part has no trigram. Do not ask the index for it.
SHORTEST_SEARCH = 3
LONGEST_FOUND, LONGEST_HEAD = 1000, 60
MOST_GRAMS = 200_000
GRAM_BYTES = 4

# What people type is not what stands in the record: е for ё, any apostrophe, any space, no accents.
TYPED = {"ё": "е", "ґ": "г", "ş": "s", "ţ": "t", "\u00a0": " ", "\u202f": " ", "\t": " ", "\n": " "}
GROUPS = "aàáãäåąāăâ eèéêëęěėē iìíïīįî oòóôõöøőō uùúûüűūů yýÿ nñńňņ cçčćĉ sśšș zžźż lłľļ rřŕ dďđ tťț gğģ kķ"
ACCENTS = {letter: group[0] for group in GROUPS.split() for letter in group[1:]}
# One letter for one letter, whatever romanisation the record or the reader follows; ь, ъ and apostrophes have none.
SINGLE = dict(zip("абвгдезийклмнопрстуфхыэєіїyjw", "abvgdeziiklmnoprstufhieeiiiiv", strict=True))
SEVERAL = {"щ": "shch", "ш": "sh", "ч": "ch", "ц": "ts", "ж": "zh", "ю": "iu", "я": "ia"}
SILENT = dict.fromkeys("ьъ'’ʼ`", "")


def _written(letter: str) -> str:
    return SINGLE.get(letter) or SEVERAL.get(letter) or letter


LETTERS = str.maketrans(
    {letter: _written(plain) for letter, plain in (TYPED | ACCENTS).items()} | SINGLE | SEVERAL | SILENT,
)


def in_latin(text: str) -> str:
    """Return the text folded and in Latin letters, so that Дуликов, Dulikov and Dulykov are one word."""
    # Lower case letter by letter: "İ" must not become two signs, nor "Σ" depend on its place.
    low = text.lower() if text.isascii() else "".join(map(_lower, text))
    return low.translate(LETTERS).replace("kh", "h").replace("ii", "i")


@lru_cache(maxsize=4096)
def _lower(letter: str) -> str:
    low = letter.lower()
    return low if len(low) == 1 else letter


class _Grams(dict[str, str]):
    """The numbers of one company's trigrams, made when first met."""

    def __init__(self, tenant: int) -> None:
        super().__init__()
        self.tenant = tenant

    def __missing__(self, gram: str) -> str:
        if len(self) > MOST_GRAMS:
            self.clear()
        number = blake2b(f"{self.tenant}:{gram}".encode(errors="replace"), digest_size=GRAM_BYTES).digest()
        found = self[gram] = str(int.from_bytes(number, "big", signed=True))
        return found


@lru_cache(maxsize=64)
def _grams_of(tenant: int) -> _Grams:
    return _Grams(tenant)


def grams(tenant: int, found: str) -> str:
    """Return hashes of (company, three letters of a word) of a text in Latin letters, as PostgreSQL writes an array.

    Whoever contains a part has all grams of the part, not the reverse: a search asks for the part itself as well.
    """
    known = _grams_of(tenant)
    # A search asks word by word.
    return "{" + ",".join([known[word[at : at + 3]] for word in found.split() for at in range(len(word) - 2)]) + "}"


def gram_numbers(tenant: int, part: str) -> list[int]:
    """Return the same hashes as numbers."""
    known = _grams_of(tenant)
    return [int(known[part[at : at + 3]]) for at in range(len(part) - 2)]
