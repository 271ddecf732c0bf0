"""Relations, migrations, indexes, keys and actions keep to the house's rules, which the import linter cannot see."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from dialogue.kit.permissions import all_permissions
from dialogue.kit.rows import BinRow, TenantRow
from dialogue.platform.accounts.roles import BUILT_IN
from dialogue.platform.audit.kinds import record_kinds
from dialogue.platform.audit.verbs import Action, actions

ROOT = Path(__file__).resolve().parents[2]
OURS = [model for model in apps.get_models() if model.__module__.startswith("dialogue.")]
COMPANY = [model for model in OURS if issubclass(model, TenantRow)]
# Verbs every member may do: each looks for itself whose record it is.
OPEN_ACTIONS = {
    "accounts.set_preferences": "only one's own",
    "accounts.revoke_key": "one's own, or any by permission",
    "audit.cancel_job": "one's own, or any by permission",
    "audit.retry_job": "one's own, or any by permission",
    "audit.restore_record": "asks the kind's permission",
    "files.keep_file": "asks the record's permission",
    "files.attach_file": "asks the record's permission",
    "files.remove_file": "asks the record's permission",
    "notices.read_notices": "only one's own",
    "deals.comment_deal": "on a deal one sees",
    "deals.remember_view": "one's own habit",
    "channels.unsubscribe": "the customer himself asks, by his letter's link",
    "lists.save_view": "one's own; a shared one asks its permission",
    "lists.delete_view": "one's own; a shared one asks its permission",
    "lists.keep_list_state": "one's own habit",
    "catalog.ensure_products": "part of writing a purchase, which asks",
    "deals.delete_comment": "only one's own",
}
# Rows that go to the bin with the record they belong to.
NO_KIND = {"deals.dealcomment": "a comment goes and comes with its deal"}
# Indexes that need no company: found by a secret's hash before any company is known.
INDEX_ALLOWED = {
    "accounts_apikey": {"digest"},
    # Django's default on a slug, in tables of a few rows: to go with the room's next migration.
    "parties_relationtype": {"code"},
    "imports_import": {"kind"},
    "imports_importprofile": {"kind"},
}


def floors() -> dict[str, int]:
    """Return each room's height by the linter's contracts: the higher, the more it may use."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    wings = next(one for one in contracts if one["id"] == "wings")["layers"]
    height = {wing: 100 * (len(wings) - number) for number, wing in enumerate(wings)}
    found = dict(height)
    for contract in contracts:
        for container in contract.get("containers", []):
            for number, layer in enumerate(contract["layers"]):
                for room in layer.replace(":", "|").split("|"):
                    found[f"{container}.{room.strip()}"] = height[container] + len(contract["layers"]) - number
    return found


FLOORS = floors()


def room_of(name: str) -> str:
    return ".".join(name.split(".")[:3])


def relations() -> Iterator[Any]:
    for model in OURS:
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey | models.ManyToManyField):
                yield pytest.param(model, field, id=f"{model._meta.label}.{field.name}")


@pytest.mark.parametrize(("model", "field"), relations())
def test_relation_points_down_and_carries_the_company(model: Any, field: Any) -> None:
    target = field.related_model
    here, there = room_of(model.__module__), room_of(target.__module__)
    if there in FLOORS and here != there:
        assert FLOORS[here] > FLOORS[there], f"{model._meta.label}.{field.name} points up, to {target._meta.label}."
    fenced = isinstance(field, models.ForeignKey) and issubclass(model, TenantRow) and issubclass(target, TenantRow)
    if fenced:
        assert not field.db_constraint, f"{model._meta.label}.{field.name}: declare it with db_constraint=False."


@pytest.mark.django_db
def test_every_relation_between_companys_rows_is_fenced_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.conrelid::regclass::text, array_agg(a.attname ORDER BY a.attname)
            FROM pg_constraint c CROSS JOIN LATERAL unnest(c.conkey) k(n)
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n
            WHERE c.contype = 'f' GROUP BY c.oid, c.conrelid"""
        )
        kept = {(table, column) for table, columns in cursor.fetchall() for column in columns if "tenant_id" in columns}
        cursor.execute("SELECT DISTINCT tgname FROM pg_trigger WHERE tgname LIKE '%\\_fenced' AND tgenabled = 'O'")
        kept_by_statement = {name for (name,) in cursor.fetchall()}
    lacking = [
        f"{model._meta.label}.{field.name}"
        for model in COMPANY
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and issubclass(field.related_model, TenantRow)
        and (model._meta.db_table, field.column) not in kept
        and f"{model._meta.db_table}_{field.name}_fenced" not in kept_by_statement
    ]
    assert not lacking, f"Add FencedKey operations for {lacking}."


@pytest.mark.django_db
def test_every_index_of_companys_rows_begins_with_the_company() -> None:
    tables = {model._meta.db_table: model for model in COMPANY}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT i.indrelid::regclass::text, x.relname, pg_get_indexdef(i.indexrelid, 1, true), m.amname
            FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
            WHERE NOT i.indisprimary AND i.indrelid::regclass::text = ANY(%s)""",
            [list(tables)],
        )
        rows = cursor.fetchall()
    wrong = [
        f"{table}.{name} begins with {first}"
        for table, name, first, kind in rows
        if kind == "btree" and first != "tenant_id" and first not in INDEX_ALLOWED.get(table, set())
    ]
    # An ordinary key to a user keeps the index Django gives it: deleting a person looks for his rows in every company.
    wrong = [one for one in wrong if not one.endswith(("user_id", "owner_id", "author_id", "_by_id", "responsible_id"))]
    assert not wrong, "\n".join(wrong)


def test_migrations_depend_downwards_and_in_one_line() -> None:
    loader = MigrationLoader(None)
    ours = {config.label: config.name for config in apps.get_app_configs() if config.name.startswith("dialogue.")}
    wrong = []
    for (label, name), migration in loader.disk_migrations.items():
        for other, number in migration.dependencies:
            here, there = FLOORS.get(ours.get(label, "")), FLOORS.get(ours.get(other, ""))
            if here is not None and there is not None and here < there:
                wrong.append(f"{label}.{name} depends on {other}.{number}, which lies above.")
    for label in ours:
        leaves = loader.graph.leaf_nodes(label)
        if len(leaves) > 1:
            wrong.append(f"{label} has several last migrations: {leaves}. Renumber one.")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", actions.keys())
def test_action_is_well_formed(name: str) -> None:
    verb: Action[Any, Any] = actions.get(name)
    signature = inspect.signature(verb.function)
    assert "by" in signature.parameters, f"{name}: take the actor as by=."
    assert signature.parameters["by"].kind is inspect.Parameter.KEYWORD_ONLY, f"{name}: by must be a keyword."
    assert verb.function.__doc__, f"{name}: say what it does and returns."
    if not verb.permission:
        assert name in OPEN_ACTIONS, f"{name}: name its permission, or list it in OPEN_ACTIONS with the reason."
    else:
        assert verb.permission in all_permissions(), f"{name}: {verb.permission} is not registered."


def test_list_of_open_actions_is_not_stale() -> None:
    stale = sorted(name for name in OPEN_ACTIONS if name not in actions or actions.get(name).permission)
    assert not stale, f"Take out of OPEN_ACTIONS: {stale}."


def test_every_permission_is_held_by_a_built_in_role() -> None:
    held = {name for role in BUILT_IN for name in role.permissions()}
    assert set(all_permissions()) <= held


@pytest.mark.parametrize("model", [model for model in OURS if issubclass(model, BinRow)], ids=lambda one: one._meta.label)
def test_what_goes_to_the_bin_can_come_back(model: Any) -> None:
    label = model._meta.label_lower
    assert label in record_kinds or label in NO_KIND, f"{label}: register a RecordKind, or list it in NO_KIND with the reason."


def test_state_machines_name_known_states() -> None:
    for model in OURS:
        module = inspect.getmodule(model)
        table = getattr(module, "TRANSITIONS", None)
        if not isinstance(table, dict) or not all(isinstance(value, set) for value in table.values()):
            continue
        states = set(table)
        for state, following in table.items():
            assert following <= states, f"{module.__name__}: {state} leads to unknown {following - states}."  # type: ignore[union-attr]
