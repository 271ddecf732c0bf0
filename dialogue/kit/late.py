"""Libraries that load when they are first used: what few requests need is no part of every start."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
else:
    # The module of the real one takes a fiftieth of a start to load.
    Loader = object

# A tenth of a start: passkeys, seals and signatures, the worker's clock and dates, the parser of SQL scripts (decision 0047).
LATE = frozenset(
    {
        "allauth.mfa.webauthn.internal.auth",
        "croniter",
        "dateutil.parser",
        "cryptography.fernet",
        "cryptography.hazmat.primitives.asymmetric.padding",
        "cryptography.hazmat.primitives.asymmetric.rsa",
        "cryptography.hazmat.primitives.hashes",
        "cryptography.hazmat.primitives.serialization",
        "imaplib",
        "sqlparse",
    }
)
LOCK = RLock()
WAITING: dict[str, Loader] = {}


class LateModule(ModuleType):
    """A module whose code runs when somebody asks for the first name it defines; other threads wait until it has."""

    def __getattribute__(self, name: str) -> Any:
        """Return the name, loading the module for one it does not have yet."""
        held = ModuleType.__getattribute__(self, "__dict__")
        if name in held or name in {"__dict__", "__class__"}:
            return ModuleType.__getattribute__(self, name)
        with LOCK:
            # Gone for the thread that runs the code now: what it asks for is there already or not at all.
            loader = WAITING.pop(held["__name__"], None)
            if loader is not None:
                loader.exec_module(self)
                self.__class__ = ModuleType  # type: ignore[assignment]
            return ModuleType.__getattribute__(self, name)


class LateLoader(Loader):
    """Makes the module and leaves its code for later."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return an empty module."""
        return LateModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Note whose code waits."""
        spec = module.__spec__
        assert spec is not None
        module.__loader__ = spec.loader = self.loader
        WAITING[spec.name] = self.loader


class LateFinder:
    """Finds the modules that load late."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the specification of a late module, None for every other one."""
        if fullname not in LATE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LateLoader(spec.loader)
        return spec


def load_late() -> None:
    """Let the modules of `LATE` load when they are first used by whoever imports them as modules (`import a`, `from a import b`).

    A mistake in such a module shows at its first use: for libraries, never for our own.
    """
    if not any(isinstance(finder, LateFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, LateFinder())
