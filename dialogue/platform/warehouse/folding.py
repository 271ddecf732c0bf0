"""PostgreSQL's own upper case, made by DuckDB: texts travel once, and what both engines write differently is written as PostgreSQL does.

Upper case goes letter by letter in every provider of PostgreSQL, so the letters say everything.
"""

from __future__ import annotations

from dialogue.platform.warehouse.marts import UPPER, Mart
from dialogue.platform.warehouse.source import Source

# No letter with two cases lies above the second plane.
LETTERS = range(1, 0x20000)
SURROGATES = (0xD800, 0xDFFF)
ASKED = f"""
SELECT chr(one) AS letter, upper(chr(one)) AS raised
FROM generate_series({LETTERS.start}, {LETTERS.stop - 1}) AS one
WHERE one NOT BETWEEN {SURROGATES[0]} AND {SURROGATES[1]} AND upper(chr(one)) <> chr(one)
"""
# By the cluster, which never changes its letters while it lives.
_known: dict[str, dict[str, str]] = {}


def disputed(source: Source, cluster: str) -> dict[str, str]:
    """Return the letters whose upper case DuckDB writes otherwise, with PostgreSQL's."""
    if cluster not in _known:
        theirs = dict(source.values(ASKED))
        every = [chr(one) for one in LETTERS if not SURROGATES[0] <= one <= SURROGATES[1]]
        ours = source.duck.execute("SELECT one, upper(one) FROM (SELECT unnest(?::VARCHAR[]) AS one)", [every]).fetchall()
        _known[cluster] = {
            letter: theirs.get(letter, letter) for letter, raised in ours if raised != theirs.get(letter, letter)
        }
    return _known[cluster]


def with_upper(mart: Mart, rows: str, letters: dict[str, str]) -> str:
    """Return the SQL of a mart's rows with the upper case of what is searched beside it."""
    folded = ", ".join(f'{_upper(name, letters)} AS "{name}{UPPER}"' for name in mart.searched)
    return f"SELECT *, {folded} FROM {rows}" if folded else f"SELECT * FROM {rows}"


def _upper(name: str, letters: dict[str, str]) -> str:
    text = f'"{name}"'
    if not letters:
        return f"upper({text})"
    rare = "[" + "".join(f"\\x{{{ord(letter):x}}}" for letter in letters) + "]"
    pairs = ", ".join(f"{_quoted(letter)}: {_quoted(raised)}" for letter, raised in letters.items())
    one_by_one = f"list_transform(regexp_extract_all({text}, '(?s).'), lambda one: coalesce(MAP {{{pairs}}}[one], upper(one)))"
    # Most texts are plain ones, which need no look at their letters.
    plain = f"strlen({text}) = length({text}) OR NOT regexp_matches({text}, '{rare}')"
    return f"CASE WHEN {plain} THEN upper({text}) ELSE array_to_string({one_by_one}, '') END"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
