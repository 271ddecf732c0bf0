"""The page that explains the house says what the linter holds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
CONTRACTS = {contract["id"]: contract["layers"] for contract in LINTER}
ROWS = dict(re.findall(r"^\| (\w+) \| (.+?) \|$", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE))


def floors(text: str, level: str, side: str) -> list[set[str]]:
    return [{room.strip() for room in floor.split(side)} for floor in text.split(level)]


def test_wings_are_listed_from_the_top_floor_down() -> None:
    wings = [layer.removeprefix("dialogue.") for layer in CONTRACTS["wings"]]
    assert [wing for wing in ROWS if wing in wings] == wings


@pytest.mark.parametrize("wing", sorted(set(CONTRACTS) - {"wings"}))
def test_rooms_of_a_wing_are_as_the_linter_holds_them(wing: str) -> None:
    held = [{room.strip() for room in layer.split("|")} for layer in CONTRACTS[wing]]
    assert floors(ROWS[wing], ">", ":") == held, f"docs/architecture.md: correct the row of {wing}."


def test_every_room_stands_on_a_floor() -> None:
    for wing in ("platform", "customers", "selling", "marketing", "service", "insight"):
        rooms = {folder.parent.name for folder in (ROOT / "dialogue" / wing).glob("*/apps.py")}
        held = {room for floor in floors(ROWS[wing], ">", ":") for room in floor} - {"none yet"}
        assert rooms == held, f"docs/architecture.md: correct the row of {wing}."
