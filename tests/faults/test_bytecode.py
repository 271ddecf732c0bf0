"""Modules come from the one file of bytecode while their sources are as they were, and the ordinary way in every other case."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import pytest

from dialogue.faces.command.packing import make
from dialogue.kit.bytecode import Packed, PackedLoader

NAME = "stall_of_this_test"


@pytest.fixture
def stall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a package that can be imported, and forget it afterwards."""
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "prices.py").write_text("APPLE = 3\n\n\ndef fail():\n    raise ValueError(APPLE)\n")
    (folder / "note.txt").write_text("fresh")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    yield folder
    _forget()


def _forget() -> None:
    for name in (NAME, f"{NAME}.prices"):
        sys.modules.pop(name, None)


def _prices() -> ModuleType:
    importlib.invalidate_caches()
    return importlib.import_module(f"{NAME}.prices")


@pytest.fixture
def packed(stall: Path, tmp_path: Path) -> Iterator[Path]:
    """Return the file that holds the package, whose modules are found in it from now on."""
    _prices()
    file = tmp_path / "all.bytecode"
    assert make(file) > 100
    _forget()
    sys.meta_path.insert(0, Packed(str(file)))
    yield file
    os.close(sys.meta_path[0].descriptor)  # type: ignore[attr-defined]


def test_module_comes_from_the_file_and_knows_its_source(packed: Path, stall: Path) -> None:
    prices = _prices()

    assert isinstance(prices.__spec__ and prices.__spec__.loader, PackedLoader)
    assert (prices.APPLE, prices.__file__) == (3, str(stall / "prices.py"))
    assert files(NAME).joinpath("note.txt").read_text() == "fresh"
    with pytest.raises(ValueError, match="3") as caught:
        prices.fail()
    assert str(caught.traceback[-1].statement).strip() == "raise ValueError(APPLE)"


def test_source_changed_since_is_loaded_as_it_is(packed: Path, stall: Path) -> None:
    (stall / "prices.py").write_text("APPLE = 30\n")

    prices = _prices()

    assert prices.APPLE == 30
    assert not isinstance(prices.__spec__ and prices.__spec__.loader, PackedLoader)


def test_module_that_is_gone_is_not_found(packed: Path, stall: Path) -> None:
    (stall / "prices.py").unlink()

    with pytest.raises(ModuleNotFoundError):
        _prices()


def test_file_cut_short_costs_time_and_nothing_else(packed: Path) -> None:
    whole = packed.read_bytes()
    head = int.from_bytes(whole[:8], "little") + 8
    os.truncate(packed, head)

    assert _prices().APPLE == 3


@pytest.mark.parametrize("content", [b"", b"\x05", b"\x05" + bytes(7), b"x" * 400])
def test_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "damaged").write_bytes(content)

    with pytest.raises((EOFError, TypeError, ValueError, OverflowError, MemoryError)):
        Packed(str(tmp_path / "damaged"))


def test_file_of_other_surroundings_is_refused(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, "/elsewhere"])

    with pytest.raises(ValueError, match="surroundings"):
        Packed(str(packed))


@pytest.mark.slow
def test_start_after_the_first_finds_the_program_in_the_file(tmp_path: Path) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "dialogue.settings", "DIALOGUE_DATA": str(tmp_path / "data")}

    def run(words: str) -> str:
        there = f"import sys; sys.prefix = {str(tmp_path)!r};"
        done = subprocess.run(
            [sys.executable, "-c", there + words], env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    run("from dialogue.faces.command.packing import main; main()")
    lacking = run(
        "import dialogue.faces.command.keeper, dialogue.faces.command.ports, dialogue.faces.command.reaching, granian.server.mp;"
        "from dialogue.faces.command.web import OFFICE_PAGES, load_before_forking;"
        "load_before_forking('dialogue.faces.wsgi:application', OFFICE_PAGES);"
        "from dialogue.faces.command.packing import lacking; print(*lacking())"
    )

    (file,) = tmp_path.glob("*.bytecode")
    assert file.stat().st_size > 1_000_000
    assert file.stat().st_mode & 0o022 == 0
    assert len(lacking.split()) < 5, "A second start has nothing to make anew."
