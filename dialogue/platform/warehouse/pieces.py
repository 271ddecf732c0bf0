"""A mart or a roll-up as files: how they are read as one relation, and how changes are put to them. SQL for DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dialogue.kit.frozen import record
from dialogue.platform.warehouse.store import Piece, fresh_file

# The second version packs whole numbers as differences: with the lightest codec smaller than zstd over plain ones, and read twice as fast.
FORMAT = "(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION lz4_raw, ROW_GROUP_SIZE 122880)"
# A base is rewritten when more than these rows and this share of it were replaced; sooner when there is nothing else to do.
MOST_LOOSE, LOOSE_SHARE, LOOSE_AT_LEISURE = 50_000, 0.5, 0.02


def quoted(path: Path) -> str:
    """Return a path as an SQL text."""
    return "'" + str(path).replace("'", "''") + "'"


def meet(one: str, other: str, keys: Sequence[str]) -> str:
    """Return the condition that two relations' rows have the same keys; an empty one is the same as an empty one."""
    first, *rest = keys
    parts = [f'{one}."{first}" = {other}."{first}"', *(f'{one}."{key}" IS NOT DISTINCT FROM {other}."{key}"' for key in rest)]
    return " AND ".join(parts)


def relation(folder: Path, piece: Piece, keys: Sequence[str]) -> str:
    """Return the piece as a relation in brackets: its base without what no longer counts, and its delta."""
    base = f"SELECT * FROM read_parquet({quoted(folder / piece.base)}) AS base"
    if piece.dead:
        base += f" ANTI JOIN read_parquet({quoted(folder / piece.dead)}) AS dead ON {meet('base', 'dead', keys)}"
    if piece.delta:
        base += f" UNION ALL SELECT * FROM read_parquet({quoted(folder / piece.delta)})"
    return f"({base})"


@record
class Keeper:
    """Writes pieces into a folder by one DuckDB."""

    folder: Path
    duck: Any

    def write(self, name: str, kind: str, query: str) -> tuple[str, int]:
        """Write a query's rows; return the file and their count. An empty answer leaves no file."""
        file = fresh_file(name, kind)
        rows = int(self.duck.execute(f"COPY ({query}) TO {quoted(self.folder / file)} {FORMAT}").fetchall()[0][0])
        if not rows and kind != "base":
            (self.folder / file).unlink(missing_ok=True)
            return "", 0
        return file, rows

    def one(self, query: str) -> tuple[Any, ...]:
        """Return a query's only row."""
        row: tuple[Any, ...] = self.duck.execute(query).fetchall()[0]
        return row

    def read(self, file: str) -> str:
        """Return a file as a relation."""
        return f"read_parquet({quoted(self.folder / file)})"

    def changed(self, name: str, piece: Piece, keys: Sequence[str], new: str, touched: str) -> Piece:
        """Return the piece with the rows of the relation `new` instead of every row whose keys are in the relation `touched`."""
        rows = f"SELECT * FROM {new}" if new else ""
        if piece.delta:
            kept = f"SELECT * FROM {self.read(piece.delta)} AS old ANTI JOIN {touched} AS touched ON {meet('old', 'touched', keys)}"
            rows = f"{kept} UNION ALL {rows}" if rows else kept
        delta, delta_rows = self.write(name, "delta", rows) if rows else ("", 0)
        columns = ", ".join(f'"{key}"' for key in keys)
        dead = f"SELECT {columns} FROM {self.read(piece.base)} AS base SEMI JOIN {touched} AS touched ON {meet('base', 'touched', keys)}"
        if piece.dead:
            dead += f" UNION SELECT {columns} FROM {self.read(piece.dead)}"
        dead_file, dead_rows = self.write(name, "dead", dead)
        return replace(piece, delta=delta, delta_rows=delta_rows, dead=dead_file, dead_rows=dead_rows)

    def compacted(self, name: str, piece: Piece, keys: Sequence[str], share: float, order: str = "") -> Piece:
        """Return the piece in one file, put in order by this SQL, if more than a share of it lies beside its base."""
        loose = piece.delta_rows + piece.dead_rows
        if loose <= max(MOST_LOOSE, share * piece.rows):
            return piece
        file, rows = self.write(name, "base", f"SELECT * FROM {relation(self.folder, piece, keys)}{order}")
        return replace(piece, base=file, rows=rows, delta="", delta_rows=0, dead="", dead_rows=0)
