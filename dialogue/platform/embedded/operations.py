"""Migration operations of the second fence: row security, company-carrying foreign keys, version triggers."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

OPEN_TENANT = "(SELECT nullif(current_setting('app.tenant', true), '')::bigint)"
OPEN_DOOR = "(SELECT current_setting('app.door', true)) = 'open'"


class _TableOperation(Operation):
    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing that Django tracks."""

    def table(self, app_label: str, state: ProjectState) -> str:
        """Return the model's table."""
        return str(state.apps.get_model(app_label, self.model_name)._meta.db_table)


class Fence(_TableOperation):
    """Turn on row security: a row is seen and written only while its company is open.

    `door=True` marks a directory table that `without_tenant()` may read across companies.
    """

    def __init__(self, model_name: str, *, column: str = "tenant_id", door: bool = False) -> None:
        super().__init__(model_name)
        self.column = column
        self.door = door

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Create the policy."""
        table = self.table(app_label, to_state)
        rule = f"{self.column} = {OPEN_TENANT}" + (f" OR {OPEN_DOOR}" if self.door else "")
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        schema_editor.execute(f"CREATE POLICY fence ON {table} USING ({rule}) WITH CHECK ({rule})")

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Drop the policy."""
        table = self.table(app_label, from_state)
        schema_editor.execute(f"DROP POLICY fence ON {table}")
        schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")

    def describe(self) -> str:
        """Return what the operation does."""
        return f"Fence {self.model_name} by company"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return the call that makes this operation."""
        return ("Fence", [self.model_name], {"column": self.column, "door": self.door})


class FencedKey(_TableOperation):
    """A foreign key that carries the company: plain ones bypass row security and could point at a stranger's row.

    The Django field is declared with `db_constraint=False`; this adds `(tenant_id, field) → (tenant_id, id)`.
    """

    def __init__(self, model_name: str, field: str, *, on_delete: str = "NO ACTION") -> None:
        super().__init__(model_name)
        self.field = field
        self.on_delete = on_delete

    def _names(self, app_label: str, state: ProjectState) -> tuple[str, str, str, str]:
        model = state.apps.get_model(app_label, self.model_name)
        field = model._meta.get_field(self.field)
        target = str(field.related_model._meta.db_table)
        table = str(model._meta.db_table)
        return table, str(field.column), target, f"{table}_{self.field}_fenced"[:63]

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Add the constraint, and the target's unique pair if it is missing."""
        table, column, target, name = self._names(app_label, to_state)
        pair = f"{target}_tenant_pair"
        schema_editor.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {pair} ON {target} (tenant_id, id)")
        schema_editor.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (tenant_id, {column})"
            f" REFERENCES {target} (tenant_id, id) ON DELETE {self.on_delete} DEFERRABLE INITIALLY DEFERRED"
        )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Drop the constraint."""
        table, _column, _target, name = self._names(app_label, from_state)
        schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def describe(self) -> str:
        """Return what the operation does."""
        return f"Carry the company in {self.model_name}.{self.field}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return the call that makes this operation."""
        return ("FencedKey", [self.model_name, self.field], {"on_delete": self.on_delete})


# Keys checked once a statement: those its rows hold are looked up and held as a foreign key holds them.
FEW_KEYS = """DECLARE one record; BEGIN
    FOR one IN SELECT DISTINCT w.tenant_id, w.{column} AS key FROM written w WHERE w.{column} IS NOT NULL LOOP
        PERFORM 1 FROM public.{target} t WHERE t.tenant_id = one.tenant_id AND t.id = one.key FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE foreign_key_violation USING MESSAGE = '{name}: there is no row ' || one.key, CONSTRAINT = '{name}';
        END IF;
    END LOOP;
    RETURN NULL;
END"""
# What this transaction made itself nobody else can delete; whatever else is pointed at is held while it is looked for. Row by
# row by the index, whatever the planner believes of a table that was empty a moment ago.
MANY_KEYS = """DECLARE missing bigint; BEGIN
    SELECT w.{column} INTO missing FROM written w WHERE w.{column} IS NOT NULL
        AND (SELECT t.xmin = pg_current_xact_id()::xid FROM public.{target} t
             WHERE t.tenant_id = w.tenant_id AND t.id = w.{column}) IS NOT TRUE
        AND (SELECT t.id FROM public.{target} t
             WHERE t.tenant_id = w.tenant_id AND t.id = w.{column} FOR KEY SHARE) IS NULL
        LIMIT 1;
    IF FOUND THEN
        RAISE foreign_key_violation USING MESSAGE = '{name}: there is no row ' || missing, CONSTRAINT = '{name}';
    END IF;
    RETURN NULL;
END"""
SET_KEY = """
CREATE FUNCTION public.{name}() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$ {body} $$;
CREATE TRIGGER {name} AFTER INSERT ON public.{table} REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION public.{name}();
CREATE TRIGGER {name}_again AFTER UPDATE ON public.{table} REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION public.{name}();
CREATE FUNCTION public.{name}_gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM public.{table} w USING gone WHERE w.tenant_id = gone.tenant_id AND w.{column} = gone.id;
    RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER DELETE ON public.{target} REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION public.{name}_gone()
"""
NO_SET_KEY = """
DROP TRIGGER {name} ON public.{table};
DROP TRIGGER {name}_again ON public.{table};
DROP TRIGGER {name} ON public.{target};
DROP FUNCTION public.{name}(), public.{name}_gone()
"""


class FencedSetKey(FencedKey):
    """A fenced key, cascading, kept by triggers once a statement in place of the constraint that checks row after row.

    For journals: thousands of rows a statement that all point at one row, where the constraint was a tenth of an import; with
    `many` for rows that each point at another one, written before them in the same transaction or long ago.
    """

    def __init__(self, model_name: str, field: str, *, many: bool = False) -> None:
        super().__init__(model_name, field, on_delete="CASCADE")
        self.many = many

    def _written(self, sql: str, app_label: str, state: ProjectState) -> str:
        table, column, target, name = self._names(app_label, state)
        body = (MANY_KEYS if self.many else FEW_KEYS).format(column=column, target=target, name=name)
        return sql.format(table=table, column=column, target=target, name=name, body=body)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Put the triggers in the place of the constraint."""
        super().database_backwards(app_label, schema_editor, to_state, to_state)
        schema_editor.execute(self._written(SET_KEY, app_label, to_state), params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Put the constraint back."""
        schema_editor.execute(self._written(NO_SET_KEY, app_label, to_state), params=None)
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Return what the operation does."""
        return f"Carry the company in {self.model_name}.{self.field}, checked once a statement"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return the call that makes this operation."""
        return ("FencedSetKey", [self.model_name, self.field], {"many": True} if self.many else {})


class Versioned(_TableOperation):
    """Let the warehouse follow a table: each row tells the transaction that wrote it last, a deleted one leaves a tombstone.

    `version xid8` is the writing transaction's number, indexed by (tenant_id, version); Django does not know the column. Rows
    that were there before have version 0: adding the column rewrites nothing. The migration depends on
    `("warehouse", "0001_versions_and_tombstones")`. An update of any column now touches an index.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Add column, index and triggers."""
        table = self.table(app_label, to_state)
        schema_editor.execute(f"ALTER TABLE {table} ADD COLUMN version xid8 NOT NULL DEFAULT '0'")
        schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN version SET DEFAULT pg_current_xact_id()")
        # Partial, so that nothing but a refresh can choose it: on a table never analysed the checks of foreign keys took it for
        # as good as the index by id, and read the company's whole table for each row.
        schema_editor.execute(f"CREATE INDEX {table}_version ON {table} (tenant_id, version) WHERE version > '0'::xid8")
        schema_editor.execute(
            f"CREATE TRIGGER stamp_version BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION public.stamp_version()"
        )
        schema_editor.execute(
            f"CREATE TRIGGER leave_tombstones AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone"
            " FOR EACH STATEMENT EXECUTE FUNCTION public.leave_tombstones()"
        )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Take them away."""
        table = self.table(app_label, from_state)
        schema_editor.execute(f"DROP TRIGGER leave_tombstones ON {table}")
        schema_editor.execute(f"DROP TRIGGER stamp_version ON {table}")
        schema_editor.execute(f"ALTER TABLE {table} DROP COLUMN version")

    def describe(self) -> str:
        """Return what the operation does."""
        return f"Version {self.model_name} for the warehouse"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return the call that makes this operation."""
        return ("Versioned", [self.model_name], {})
