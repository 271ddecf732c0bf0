"""The bytecode of all that a server loads, in one file: fourteen hundred modules are found there without asking the disk for each (decision 0054).

The file lies in the environment, `dialogue web` has it made when it is missing or has aged, and it holds what Python compiled from the
sources that it names. A module whose source has changed since is loaded the ordinary way, by the rule of Python's own cache.

This module loads before all others, so it needs next to none of them.
"""

from __future__ import annotations

import marshal
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

LENGTH_BYTES = 8
FORMAT = 1
# What reading a file that is missing, foreign or damaged raises.
DAMAGED = (OSError, EOFError, MemoryError, OverflowError, TypeError, ValueError)


def place() -> str:
    """Return where this environment keeps the file."""
    return os.path.join(sys.prefix, f"dialogue.{sys.implementation.cache_tag}.bytecode")  # noqa: PTH118 (pathlib is not loaded yet)


def surroundings() -> tuple[int, str, int, str, tuple[str, ...]]:
    """Return what decides which file a module's name leads to; the first of the paths is the script's own folder."""
    return FORMAT, sys.version, sys.flags.optimize, __file__, tuple(sys.path[1:])


def last_seen(origin: str) -> tuple[int, int] | None:
    """Return when a source was last written, in nanoseconds, and its length in bytes; None where it is gone."""
    try:
        found = os.stat(origin)  # noqa: PTH116 (as above)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def forget() -> None:
    """Delete the file: the next start has it made anew."""
    try:
        os.unlink(place())  # noqa: PTH108 (as above)
    except OSError:
        pass


class PackedLoader(SourceFileLoader):
    """Loads a module whose bytecode is at hand; its source stays where it was."""

    def __init__(self, name: str, origin: str, packed: Packed) -> None:
        super().__init__(name, origin)
        self.packed = packed

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the module's code; a damaged file is passed by."""
        try:
            return self.packed.code(fullname)
        except DAMAGED:
            forget()
            return super().get_code(fullname)


class Packed:
    """Finds the modules that the file holds.

    Raises:
        OSError, EOFError, MemoryError, OverflowError, TypeError, ValueError: the file is not there, is damaged or was made for
            other surroundings.
    """

    def __init__(self, file: str) -> None:
        self.descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            length = int.from_bytes(os.pread(self.descriptor, LENGTH_BYTES, 0), "little")
            made_for, self.modules = marshal.loads(os.pread(self.descriptor, length, LENGTH_BYTES))  # noqa: S302 (as Python reads its own cache)
            self.begin = LENGTH_BYTES + length
            if made_for != surroundings():
                message = "made for other surroundings"
                raise ValueError(message)
        except BaseException:
            os.close(self.descriptor)
            raise

    def code(self, name: str) -> CodeType:
        """Return the code of a module of the file."""
        offset, length, *_rest = self.modules[name]
        code: CodeType = marshal.loads(os.pread(self.descriptor, length, self.begin + offset))  # noqa: S302 (as above)
        return code

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the specification of a module of the file whose source is as it was, None for every other one."""
        held = self.modules.get(fullname)
        if held is None:
            return None
        _offset, _length, origin, cached, package, seen = held
        if last_seen(origin) != seen:
            return None
        spec = ModuleSpec(fullname, PackedLoader(fullname, origin, self), origin=origin, is_package=package)
        spec.has_location = True
        spec.cached = cached
        if package:
            assert spec.submodule_search_locations is not None
            spec.submodule_search_locations.append(os.path.dirname(origin))  # noqa: PTH120 (as above)
        return spec


def use() -> None:
    """Let modules be found in the file, if there is one for these surroundings."""
    try:
        sys.meta_path.insert(0, Packed(place()))
    except DAMAGED:
        pass
