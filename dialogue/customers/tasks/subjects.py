"""Records of rooms above that a task may be about: each room registers its own, by a short name ("deal")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry


@frozen
class TaskSubject:
    """A kind of record that tasks are about: who sees it, where its page is, whom it concerns."""

    label: str | Promise
    visible_to: Callable[[Actor], QuerySet[Any]]
    url_name: str
    party_of: Callable[[Any], int | None]


task_subjects: Registry[TaskSubject] = Registry("task subjects")
