"""The two fences: the manager refuses without a company, row security refuses again."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.postgres.indexes import GinIndex
from django.db import IntegrityError, connection, models, transaction

from dialogue.kit.rows import TenantRow
from dialogue.kit.scope import NoTenantError, tenant_scope
from dialogue.platform.accounts.models import Membership, Role
from dialogue.platform.tenants.models import Tenant
from tests.cast import make_cast

OURS = [model for model in apps.get_models() if model.__module__.startswith("dialogue.")]
GLOBAL = {
    "accounts.User": "a person belongs to the installation; his memberships are fenced",
    "accounts.SignInLink": "found by the hash of its secret before any company is known",
    "mail.ServiceLetter": "a letter of the installation itself, read by its operator only",
    "tenants.Tenant": "the company itself, fenced by its own id",
}
DOOR_ALLOWED = {
    "dialogue/customers/channels/schedules.py": "due letters are looked for in every company",
    "dialogue/customers/mailboxes/schedules.py": "mailboxes are read in every company",
    "dialogue/faces/middleware.py": "the path names the company by its login",
    "dialogue/faces/office/views.py": "a person chooses among his companies",
    "dialogue/faces/command/first_start.py": "the first start makes the first companies",
    "dialogue/faces/command/sending.py": "the operator unlocks sending after a restore",
    "dialogue/faces/command/companies.py": "the command line names the company by its login",
    "dialogue/marketing/segments/schedules.py": "segments are filled in every company",
    "dialogue/marketing/campaigns/schedules.py": "campaigns are counted in every company",
    "dialogue/platform/accounts/schedules.py": "the night's work goes through every company",
    "dialogue/platform/accounts/links.py": "a first link is shown only for a person of no other company",
    "dialogue/platform/accounts/actions.py": "a login must be free in the whole installation",
}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_model_carries_its_tenant(model: type[models.Model]) -> None:
    if model._meta.label in GLOBAL:
        return
    assert issubclass(model, TenantRow), f"{model._meta.label}: derive it from TenantRow, or list it in GLOBAL with the reason."
    assert not model._meta.get_field("tenant_id").null


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_unique_keys_and_indexes_begin_with_the_tenant(model: type[models.Model]) -> None:
    if model._meta.label in GLOBAL:
        return
    for index in model._meta.indexes:
        # The numbers in a GIN index of search are of (company, three letters) by themselves.
        if index.fields and not isinstance(index, GinIndex):
            assert index.fields[0] == "tenant_id", f"{model._meta.label}: index {index.name} must begin with tenant_id."
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            assert constraint.fields[0] == "tenant_id", f"{model._meta.label}: {constraint.name} must begin with tenant_id."


@pytest.mark.django_db
def test_every_fenced_table_has_row_security() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity")
        secured = {row[0] for row in cursor.fetchall()}
    wanted = {model._meta.db_table for model in OURS if issubclass(model, TenantRow)} | {Tenant._meta.db_table}
    assert wanted <= secured, f"Add a Fence operation for {sorted(wanted - secured)}."


@pytest.mark.django_db
def test_manager_refuses_without_a_company() -> None:
    with pytest.raises(NoTenantError):
        Role.objects.count()


@pytest.mark.django_db
def test_stranger_at_sql_level_sees_no_row() -> None:
    make_cast()
    with transaction.atomic(), connection.cursor() as cursor:
        for model in OURS:
            if model._meta.label in GLOBAL and model is not Tenant:
                continue
            cursor.execute(f'SELECT count(*) FROM "{model._meta.db_table}"')
            assert cursor.fetchone()[0] == 0, f"{model._meta.db_table} shows rows without a company."


@pytest.mark.django_db
def test_stranger_company_sees_and_changes_nothing_of_ours() -> None:
    cast = make_cast()
    with tenant_scope(cast.company.pk):
        role = Role.objects.get(code="manager")
    with tenant_scope(cast.other_company.pk):
        assert not Role._base_manager.filter(pk=role.pk).exists()
        assert Role._base_manager.filter(pk=role.pk).update(name="stolen") == 0
        with pytest.raises(Exception, match="row-level security"), transaction.atomic():
            Role._base_manager.create(tenant_id=cast.company.pk, name="planted")


@pytest.mark.django_db
def test_key_cannot_point_at_a_strangers_row() -> None:
    cast = make_cast()
    with tenant_scope(cast.company.pk):
        role = Role.objects.get(code="manager")
    with tenant_scope(cast.other_company.pk):
        Membership.objects.get(user=cast.stranger).membershiprole_set.create(role_id=role.pk)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="fenced"):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_door_is_opened_only_where_allowed() -> None:
    root = Path(__file__).resolve().parents[2]
    used = set()
    for file in (root / "dialogue").rglob("*.py"):
        if file.name == "scope.py" or "tests" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "without_tenant":
                used.add(str(file.relative_to(root)))
    assert used == set(DOOR_ALLOWED), "Add the file with its reason to DOOR_ALLOWED, or remove the stale entry."
