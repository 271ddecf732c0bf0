"""The built front end: names with a hash of their content, so that browsers may keep them for a year."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from django.templatetags.static import static

BUILT = Path(__file__).parent / "static" / "kit" / "built"


@cache
def _manifest() -> dict[str, str]:
    try:
        names: dict[str, str] = json.loads((BUILT / "manifest.json").read_text())
    except FileNotFoundError:
        return {}
    return names


@cache
def asset(name: str) -> str:
    """Return the address of a built file, such as `office.css`."""
    return static(f"kit/built/{_manifest().get(name, name)}")


def is_built() -> bool:
    """Return whether the front end was built."""
    return bool(_manifest())
