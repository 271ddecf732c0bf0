"""How a room comes alive: its `registers` and `receivers` are imported once, in the order of the installed apps."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig


class Room(AppConfig):
    """One app of the house. `optional` rooms can be switched off per company."""

    optional = False
    default = False

    def __init_subclass__(cls) -> None:
        """Let Django find the room's own class although its module also imports this one."""
        super().__init_subclass__()
        cls.default = True

    def ready(self) -> None:
        """Load what the room adds to others and what it listens to."""
        for module in ("registers", "receivers", "actions"):
            name = f"{self.name}.{module}"
            if find_spec(name):
                import_module(name)


def room_of(part: Any) -> str:
    """Return the room that a view, an API operation or a job's function belongs to: the third part of its module."""
    for cell in getattr(part, "__closure__", None) or ():
        # The API's views close over the operations of their path.
        operations = getattr(cell.cell_contents, "operations", None)
        if operations:
            part = operations[0].view_func
    module = str(getattr(part, "__module__", "")).split(".")
    return module[2] if len(module) > 2 and module[0] == "dialogue" else ""
