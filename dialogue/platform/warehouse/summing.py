"""Roll-ups that follow what changed: sums are moved by the rows that went and came, and only where a first or last moment may
be gone are a customer's rows read again. SQL for DuckDB.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from dialogue.kit.frozen import record
from dialogue.platform.warehouse.marts import RollUp
from dialogue.platform.warehouse.pieces import LOOSE_SHARE, Keeper, meet, relation
from dialogue.platform.warehouse.store import Piece


@record
class Change:
    """What happened to a mart's rows, as relations: those that went, those that came, and all there are now."""

    went: str
    came: str
    now: str


@record
class Summing:
    """One roll-up under one writer."""

    keeper: Keeper
    name: str
    rollup: RollUp
    zone: str

    def anew(self, rows: str) -> Piece:
        """Return the roll-up of a relation with the mart's columns."""
        file, count = self.keeper.write(self.name, "base", self.rollup.selected(rows, self.zone) + self.rollup.order)
        return self.described(Piece(file, count))

    def moved(self, piece: Piece, change: Change) -> Piece:
        """Return the roll-up after a change."""
        rollup, duck = self.rollup, self.keeper.duck
        table = f'"moved {self.name}"'
        duck.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {self._moved(piece, change)}")
        again = f'SELECT DISTINCT "{rollup.key}" FROM {table} WHERE n > 0 AND ("first" IS NULL OR "last" IS NULL)'
        if self.keeper.one(f"SELECT EXISTS ({again})")[0]:
            duck.execute(f"CREATE OR REPLACE TEMP TABLE again AS {again}")
            rows = f'(SELECT * FROM {change.now} WHERE "{rollup.key}" IN (FROM again))'
            duck.execute(f"CREATE OR REPLACE TEMP TABLE anew AS {rollup.selected(rows, self.zone)}")
            same = meet(table, "anew", rollup.keys)
            facts = ", ".join(f'"{name}" = anew."{name}"' for name in rollup.types if name not in rollup.keys)
            duck.execute(f"UPDATE {table} SET {facts} FROM anew WHERE {same}")
        made = self.keeper.changed(self.name, piece, rollup.keys, f"(SELECT * FROM {table} WHERE n > 0)", table)
        made = self.keeper.compacted(self.name, made, rollup.keys, LOOSE_SHARE, rollup.order)
        latest = self._latest(piece, change, table) if rollup.monthly else ""
        return replace(made, latest=latest) if latest else self.described(made)

    def _latest(self, piece: Piece, change: Change, moved: str) -> str:
        """Return the newest moment after a change, without reading all rows; "" where the newest one may be gone."""
        (gone,) = self.keeper.one(f'SELECT max("{self.rollup.at}") FROM {change.went} WHERE {self.rollup.counts}')
        if not piece.latest or (gone is not None and gone >= datetime.fromisoformat(piece.latest)):
            return ""
        (came,) = self.keeper.one(f'SELECT max("last") FROM {moved} WHERE n > 0')
        latest = datetime.fromisoformat(piece.latest)
        return (latest if came is None else max(latest, came)).isoformat()

    def _moved(self, piece: Piece, change: Change) -> str:
        """Return the rows that change, with their new sums; a first or last moment that may be gone is empty."""
        rollup, keys = self.rollup, ", ".join(f'"{key}"' for key in self.rollup.keys)
        at = f'"{rollup.at}"'
        taken = f", {rollup.amount} AS amount" if rollup.amount else ""
        sums, facts = "", ""
        if rollup.amount:
            sums = ", CAST(sum(sign * amount) AS BIGINT) AS total, CAST(coalesce(sum(sign) FILTER (amount IS NOT NULL), 0) AS BIGINT) AS counted"
            counted = "coalesce(old.counted, 0) + moved.counted"
            facts = f", CASE WHEN {counted} > 0 THEN coalesce(old.total, 0) + coalesce(moved.total, 0) END AS total, {counted} AS counted"
        row = f"{rollup.told(self.zone)}, {at} AS moment{taken}"
        old = relation(self.keeper.folder, piece, rollup.keys)
        names = ", ".join(f'moved."{key}"' for key in rollup.keys)
        return f"""
            WITH rows AS (
                SELECT {row}, 1 AS sign FROM {change.came} WHERE {rollup.counts}
                UNION ALL SELECT {row}, -1 FROM {change.went} WHERE {rollup.counts}
            ), moved AS (
                SELECT {keys}, CAST(sum(sign) AS BIGINT) AS n{sums},
                    min(moment) FILTER (sign > 0) AS came_first, max(moment) FILTER (sign > 0) AS came_last,
                    min(moment) FILTER (sign < 0) AS went_first, max(moment) FILTER (sign < 0) AS went_last
                FROM rows GROUP BY ALL
            )
            SELECT {names}, coalesce(old.n, 0) + moved.n AS n,
                CASE WHEN went_first IS NULL OR went_first > old."first" THEN least(old."first", came_first)
                    WHEN came_first <= old."first" THEN came_first END AS "first",
                CASE WHEN went_last IS NULL OR went_last < old."last" THEN greatest(old."last", came_last)
                    WHEN came_last >= old."last" THEN came_last END AS "last"{facts}
            FROM moved LEFT JOIN {old} AS old ON {meet("moved", "old", rollup.keys)}"""

    def described(self, piece: Piece) -> Piece:
        """Return the piece with its newest moment and whether a customer stands in one row."""
        rollup = self.rollup
        rows = relation(self.keeper.folder, piece, rollup.keys)
        if rollup.monthly:
            (latest,) = self.keeper.one(f'SELECT max("last") FROM {rows}')
            return replace(piece, latest=latest.isoformat() if latest else "")
        latest, count, keys = self._facts(rows, rollup.key)
        single = not rollup.by or (
            keys >= count * 0.9 and self.keeper.one(f'SELECT count(DISTINCT "{rollup.key}") FROM {rows}')[0] == count
        )
        return replace(piece, latest=latest.isoformat() if latest else "", single=bool(single))

    def _facts(self, rows: str, key: str) -> tuple[Any, ...]:
        return self.keeper.one(f'SELECT max("last"), count(*), approx_count_distinct("{key}") FROM {rows}')
