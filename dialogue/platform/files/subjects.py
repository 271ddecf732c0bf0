"""Which records may carry files: each room registers its own, by the model's label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry


@frozen
class FileSubject:
    """A kind of record that carries files: who sees it, and the permission to change it (and so its files)."""

    visible_to: Callable[[Actor], QuerySet[Any]]
    permission: str = ""


class _Subjects(Registry[FileSubject]):
    def items(self) -> Iterator[tuple[str, FileSubject]]:
        """Yield every kind with its subject."""
        return ((key, self.get(key)) for key in self.keys())


file_subjects = _Subjects("file subjects")
