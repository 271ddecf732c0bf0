"""Papers that a user or a developer relies on: commands that exist, dependencies that were decided on, texts that are short."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from dialogue.faces.command.main import VERBS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PAPERS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DECIDED = "\n".join(paper.read_text().lower() for paper in DECISIONS)
MOST_WORDS = 400


def dev_verbs() -> set[str]:
    for node in ast.walk(ast.parse((ROOT / "dev").read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "VERBS" and isinstance(node.value, ast.Dict):
            return {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    raise AssertionError("dev has no VERBS")


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_commands_in_papers_exist(paper: Path) -> None:
    text = paper.read_text()
    assert set(re.findall(r"\./dev ([a-z]+)", text)) <= dev_verbs()
    assert set(re.findall(r"(?:`|^ {4})dialogue ([a-z]+)", text, re.MULTILINE)) <= set(VERBS)


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~! ]", one)[0].lower() for one in requirements}


def test_every_dependency_was_decided_on() -> None:
    groups = PROJECT["dependency-groups"].values()
    wanted = names([*PROJECT["project"]["dependencies"], *(one for group in groups for one in group)])
    undecided = sorted(name for name in wanted if name not in DECIDED)
    assert not undecided, f"docs/decisions says nothing of {undecided}: why it, what else was weighed, its licence."


@pytest.mark.parametrize("paper", DECISIONS, ids=lambda paper: paper.name)
def test_decision_is_short(paper: Path) -> None:
    if paper.name.startswith("0001"):
        return
    assert len(paper.read_text().split()) <= MOST_WORDS


def test_no_decision_number_is_used_twice() -> None:
    numbers = [paper.name[:4] for paper in DECISIONS]
    assert len(numbers) == len(set(numbers)), sorted(numbers)
