"""Row security must not keep the planner from its indexes."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from dialogue.platform.embedded import bootstrap
from dialogue.platform.embedded.operations import OPEN_TENANT
from dialogue.platform.embedded.server import SUPERUSER

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]


def test_no_function_lacks_its_mark() -> None:
    with connection.cursor() as cursor:
        assert bootstrap.leakproof_missing(cursor.connection) == []


@pytest.mark.parametrize(
    "condition",
    [
        "search_grams(tenant_id, name) @> search_grams(1, 'abcd')",
        "name LIKE 'abc%'",
        "amount >= 100000",
        "sort_key(name, 'ru') COLLATE \"C\" > 'zzz'",
        'facts @> \'{"city": "x"}\'',
    ],
)
def test_fenced_condition_uses_its_index(condition: str) -> None:
    with connection.cursor() as cursor:
        place = cursor.connection.info
    with psycopg.connect(host=place.host, user=SUPERUSER, dbname=place.dbname) as raw:
        raw.execute("CREATE TABLE probe (id bigint, tenant_id bigint, name text, amount numeric, facts jsonb)")
        raw.execute("INSERT INTO probe SELECT i, i % 2, md5(i::text), i, '{}' FROM generate_series(1, 20000) AS i")
        for columns in (
            "gin (search_grams(tenant_id, name))",
            "btree (tenant_id, name text_pattern_ops)",
            "btree (tenant_id, amount)",
            "btree (tenant_id, sort_key(name, 'ru') COLLATE \"C\")",
            "gin (facts)",
        ):
            raw.execute(f"CREATE INDEX ON probe USING {columns}")
        raw.execute("ALTER TABLE probe ENABLE ROW LEVEL SECURITY")
        raw.execute(f"CREATE POLICY fence ON probe USING (tenant_id = {OPEN_TENANT})")
        raw.execute("GRANT SELECT ON probe TO dialogue_app")
        raw.execute("ANALYZE probe")
        raw.execute("SET LOCAL ROLE dialogue_app")
        raw.execute("SELECT set_config('app.tenant', '1', true)")
        plan = "\n".join(row[0] for row in raw.execute(f"EXPLAIN SELECT id FROM probe WHERE {condition}").fetchall())
        raw.rollback()
    searched = [line for line in plan.splitlines() if "Index Cond" in line]
    column = condition.replace("search_grams(tenant_id, ", "").replace("sort_key(", "").split()[0].strip("(),")
    assert any(column in line for line in searched), plan
