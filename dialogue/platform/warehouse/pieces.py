"""A mart or a roll-up as files: how they are read as one relation, and how changes are put to them. SQL for DuckDB."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialogue.platform.warehouse.store import Piece, fresh_file

# Small files are read in parallel all the same; zstd costs what snappy does here and takes a third less room.
FORMAT = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
# A base is rewritten when this many rows, or this share of it, were replaced.
MOST_LOOSE, LOOSE_SHARE = 50_000, 0.25


def quoted(path: Path) -> str:
    """Return a path as an SQL text."""
    return "'" + str(path).replace("'", "''") + "'"


def relation(folder: Path, piece: Piece, key: str) -> str:
    """Return the piece as a relation in brackets: its base without what no longer counts, and its delta."""
    base = f"SELECT * FROM read_parquet({quoted(folder / piece.base)})"
    if piece.dead:
        base += f' WHERE "{key}" NOT IN (SELECT key FROM read_parquet({quoted(folder / piece.dead)}))'
    if piece.delta:
        base += f" UNION ALL SELECT * FROM read_parquet({quoted(folder / piece.delta)})"
    return f"({base})"


@dataclass
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

    def changed(self, name: str, piece: Piece, key: str, changed: str, touched: str) -> Piece:
        """Return the piece with the rows of the file `changed` instead of every row whose key is in the relation `touched`."""
        new = f"SELECT * FROM read_parquet({quoted(self.folder / changed)})" if changed else ""
        if piece.delta:
            kept = f"SELECT * FROM read_parquet({quoted(self.folder / piece.delta)})"
            kept += f' WHERE "{key}" NOT IN (SELECT key FROM {touched})'
            new = f"{kept} UNION ALL {new}" if new else kept
        delta, delta_rows = self.write(name, "delta", new) if new else ("", 0)
        dead = f'SELECT DISTINCT "{key}" AS key FROM read_parquet({quoted(self.folder / piece.base)})'
        dead += f' WHERE "{key}" IN (SELECT key FROM {touched})'
        if piece.dead:
            dead += f" UNION SELECT key FROM read_parquet({quoted(self.folder / piece.dead)})"
        dead_file, dead_rows = self.write(name, "dead", dead)
        made = Piece(piece.base, piece.rows, delta, delta_rows, dead_file, dead_rows, piece.mark, piece.latest, piece.single)
        return self.compacted(name, made, key)

    def compacted(self, name: str, piece: Piece, key: str) -> Piece:
        """Return the piece in one file if too much of it lies beside its base."""
        loose = piece.delta_rows + piece.dead_rows
        if loose <= max(MOST_LOOSE, LOOSE_SHARE * piece.rows):
            return piece
        file, rows = self.write(name, "base", f"SELECT * FROM {relation(self.folder, piece, key)}")
        return Piece(file, rows, mark=piece.mark, latest=piece.latest, single=piece.single)
