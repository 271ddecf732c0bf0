"""The night's work: what rooms do once a night in every company, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dialogue.kit.actors import Actor
from dialogue.kit.registry import Registry

night_works: Registry[Callable[[Actor], Any]] = Registry("night works")
