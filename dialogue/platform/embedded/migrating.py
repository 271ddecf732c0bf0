"""Migrations applied with Django's executor, rendering no more models than each operation reads (decision 0053)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from django.db.migrations.utils import field_is_referenced

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.migrations.migration import Migration
    from django.db.models import Field

    Plan = Sequence[tuple[Migration, bool]]


class NarrowState(ProjectState):
    """A state of the models that renders only the changed model where Django renders all that are related to it.

    What an operation on the structure reads is its own model. An operation that runs Python gets all models rendered anew, since every
    narrow change marks the state as delayed, which Django heeds before such an operation.
    """

    def clone(self) -> NarrowState:
        """Return a copy, as Django makes it, of this class."""
        plain = super().clone()
        copy = type(self)(plain.models, plain.real_apps)
        copy.is_delayed = plain.is_delayed
        if "apps" in plain.__dict__:
            copy.__dict__["apps"] = plain.__dict__["apps"]
        return copy

    def reload_model(self, app_label: str, model_name: str, delay: bool = False) -> None:
        """Render this model alone."""
        if "apps" not in self.__dict__:
            return
        self.is_delayed = True
        with self.apps.bulk_update():
            self.apps.unregister_model(app_label, model_name)
        self.apps.render_multiple([self.models[app_label, model_name]])

    def alter_field(self, app_label: str, model_name: str, name: str, field: Field[Any, Any], preserve_default: bool) -> None:
        """Change the field; where others refer to it, their columns follow, so all that are related are rendered."""
        super().alter_field(app_label, model_name, name, field, preserve_default)
        if field_is_referenced(self, (app_label, model_name), (name, field)):
            super().reload_model(app_label, model_name)

    def rename_field(self, app_label: str, model_name: str, old_name: str, new_name: str) -> None:
        """Rename the field, and render all that are related."""
        super().rename_field(app_label, model_name, old_name, new_name)
        super().reload_model(app_label, model_name)


def pending(connection: BaseDatabaseWrapper) -> Plan:
    """Return the migrations that the database lacks, in their order."""
    executor = MigrationExecutor(connection)
    return executor.migration_plan(executor.loader.graph.leaf_nodes())


def migrate(connection: BaseDatabaseWrapper, plan: Plan, tell: Callable[[str], None] | None = None) -> None:
    """Apply the migrations of the plan, telling the name of each, and send the signals that Django's command `migrate` sends."""

    def progress(action: str, migration: Migration | None = None, _fake: bool | None = None) -> None:
        if tell and action == "apply_start":
            tell(str(migration))

    executor = MigrationExecutor(connection, progress)
    state = _applied_state(executor)
    told: dict[str, Any] = {"verbosity": 0, "interactive": False, "db": connection.alias, "plan": plan}
    emit_pre_migrate_signal(**told, apps=state.apps)
    executor.migrate(None, plan=plan, state=state.clone())
    emit_post_migrate_signal(**told)


def _applied_state(executor: MigrationExecutor) -> NarrowState:
    """Return the models as the migrations applied so far made them."""
    loader = executor.loader
    state = NarrowState(real_apps=loader.unmigrated_apps)
    for migration, _ in executor.migration_plan(loader.graph.leaf_nodes(), clean_start=True):
        if (migration.app_label, migration.name) in loader.applied_migrations:
            migration.mutate_state(state, preserve=False)
    return state
