"""`@action`: permission, transaction, registration and `.later` for every verb of the product."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, cast

from django.apps import apps
from django.db import models, transaction
from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import NotPermitted
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.platform.jobs.kinds import JobKind, JobRun, job_kinds
from dialogue.platform.jobs.models import Job
from dialogue.platform.jobs.starting import start_job

P = ParamSpec("P")
R = TypeVar("R")

LATER = "audit.action"


@frozen
class Declared:
    """What an action's catalogue line says."""

    name: str
    permission: str
    room: str


class Action(Generic[P, R]):
    """A verb. Calling it checks the permission and runs in one transaction; `.later` queues the same call."""

    def __init__(self, function: Callable[P, R], permission: str) -> None:
        self.function = function
        self.permission = permission
        room = function.__module__.rsplit(".", 1)[0].rsplit(".", 1)[-1]
        self.declared = Declared(name=f"{room}.{function.__name__}", permission=permission, room=room)
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        by = cast("Actor", kwargs["by"])
        if self.permission and not by.can(self.permission):
            raise NotPermitted(
                _("To do this you must have the permission “%(permission)s”. Ask your administrator.")
                % {"permission": self.permission}
            )
        with transaction.atomic():
            return self.function(*args, **kwargs)

    def later(self, *args: Any, title: str, by: Actor, **kwargs: Any) -> Job:
        """Queue this call as a visible job of the same transaction; rows travel as references."""
        arguments = {
            "action": self.declared.name,
            "args": [_pack(value) for value in args],
            "kwargs": {name: _pack(value) for name, value in kwargs.items()},
            "by": {"user": by.user, "label": by.label, "everything": by.everything, "permissions": sorted(by.permissions)},
        }
        return start_job(LATER, title=title, by=by, arguments=arguments)


actions: Registry[Action[Any, Any]] = Registry("actions")


def action(*, permission: str = "") -> Callable[[Callable[P, R]], Action[P, R]]:
    """Declare a verb; an empty permission means every member of the company may do it."""

    def decorate(function: Callable[P, R]) -> Action[P, R]:
        made = Action(function, str(permission))
        actions.add(made.declared.name, made)
        return made

    return decorate


def _pack(value: Any) -> Any:
    if isinstance(value, models.Model):
        return {"$row": value._meta.label, "pk": value.pk}
    return value


def _unpack(value: Any) -> Any:
    if isinstance(value, dict) and "$row" in value:
        return apps.get_model(value["$row"])._default_manager.get(pk=value["pk"])
    return value


def _run_later(run: JobRun, action: str, args: list[Any], kwargs: dict[str, Any], by: dict[str, Any]) -> None:
    actor = Actor(
        tenant=run.job.tenant_id,
        label=by["label"],
        user=by["user"],
        everything=by["everything"],
        permissions=frozenset(by["permissions"]),
    )
    with transaction.atomic():
        rows = [_unpack(value) for value in args]
        named = {name: _unpack(value) for name, value in kwargs.items()}
    actions.get(action)(*rows, by=actor, **named)


job_kinds.add(LATER, JobKind(run=_run_later))
