"""Makes the one file of bytecode from which the next start loads (decision 0054); a web server that lacked it has it made."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import Any

from dialogue.kit.bytecode import LENGTH_BYTES, Packed, last_seen, place, surroundings

# So many modules that had to be looked for one by one are worth another file.
AGED = 20
# What the office leaves to the first request of the API, and what the other children load.
ALSO = (
    "dialogue.faces.api.v1",
    "dialogue.faces.tracker.urls",
    "dialogue.faces.command.demo",
    "dialogue.faces.command.keeper",
    "dialogue.faces.command.main",
    "dialogue.faces.command.ports",
    "dialogue.faces.command.reaching",
    "granian.server.mp",
    "procrastinate.worker",
)


def loaded_from_sources() -> dict[str, ModuleSpec]:
    """Return the specifications of the loaded modules that have a source, by name."""
    found = {name: getattr(module, "__spec__", None) for name, module in list(sys.modules.items())}
    return {
        name: spec for name, spec in found.items() if spec and spec.name == name and isinstance(spec.loader, SourceFileLoader)
    }


def lacking() -> list[str]:
    """Return which of the loaded modules the file in use does not hold as they are."""
    held: dict[str, tuple[Any, ...]] = next((one.modules for one in sys.meta_path if isinstance(one, Packed)), {})
    return [
        name
        for name, spec in loaded_from_sources().items()
        if name != "__main__" and (name not in held or held[name][-1] != last_seen(str(spec.origin)))
    ]


def make_if_aged() -> None:
    """Let a process of the lowest rank make the file, where it lacks many of this process's modules."""
    if len(lacking()) >= AGED and not sys.dont_write_bytecode and os.access(sys.prefix, os.W_OK):
        subprocess.Popen([sys.executable, "-m", "dialogue.faces.command.packing"], stdin=subprocess.DEVNULL)


def make(file: Path) -> int:
    """Write the bytecode of all modules loaded from sources into `file` and return their number."""
    modules, codes, offset = {}, [], 0
    for name, spec in loaded_from_sources().items():
        assert spec.origin
        seen = last_seen(spec.origin)
        # Anew by Python's own cache: what this process runs may be older than the source.
        code = marshal.dumps(SourceFileLoader(name, spec.origin).get_code(name))
        modules[name] = (offset, len(code), spec.origin, spec.cached, spec.submodule_search_locations is not None, seen)
        codes.append(code)
        offset += len(code)
    head = marshal.dumps((surroundings(), modules))
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(len(head).to_bytes(LENGTH_BYTES, "little") + head + b"".join(codes))
        # Whoever may write what is run later decides what is run.
        unfinished.chmod(0o644)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return len(modules)


def main() -> None:
    """Load what all children load, and write it down; whoever serves goes first."""
    from dialogue.faces.command.web import OFFICE_PAGES, load_before_forking

    os.nice(19)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
    load_before_forking("dialogue.faces.wsgi:application", OFFICE_PAGES)
    for name in ALSO:
        import_module(name)
    # On a full disk the next start loads as always.
    with suppress(OSError):
        make(Path(place()))


if __name__ == "__main__":
    main()
