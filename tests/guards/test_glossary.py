"""The glossary and the catalogues say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\**)([^|*]+?)\1 \| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", re.MULTILINE)
ROWS = [
    match
    for match in ROW.findall((ROOT / "docs" / "glossary.md").read_text())
    if match[1] != "English" and "---" not in match[1]
]


def said_in(language: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file in (ROOT / "dialogue").rglob(f"locale/{language}/LC_MESSAGES/django.po"):
        with file.open("rb") as stream:
            for message in read_po(stream):
                if isinstance(message.id, str) and message.context is None:
                    found.setdefault(message.id, set()).add(str(message.string))
    return found


@pytest.mark.parametrize(("language", "column"), [("ru", 2), ("uk", 3), ("ro", 4)])
def test_words_in_bold_stand_in_the_office_as_written(language: str, column: int) -> None:
    said = said_in(language)
    wrong = [
        f"{row[1]}: the office says {sorted(said.get(row[1], {'nothing'}))}, the glossary {row[column]!r}"
        for row in ROWS
        if row[0] and said.get(row[1]) != {row[column]}
    ]
    assert not wrong, "\n".join(wrong)


def test_glossary_has_its_rows() -> None:
    assert len(ROWS) > 25
