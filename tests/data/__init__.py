"""Where the tests find real files: small ones here, larger ones in the folder DIALOGUE_TEST_DATA names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def data_file(name: str) -> Path:
    """Return a data file; a test of one that is not on this machine is skipped, or fails where everything must run."""
    if (HERE / name).exists():
        return HERE / name
    folder = Path(os.environ.get("DIALOGUE_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / name).exists():
        words = f"{name} is not in {folder}: name the folder in DIALOGUE_TEST_DATA."
        if os.environ.get("DIALOGUE_TEST_ALL"):
            pytest.fail(words)
        pytest.skip(words)
    return folder / name
