"""Parquet: read by DuckDB in batches; no web process loads it before somebody opens such a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dialogue.platform.imports.reading.cells import MAX_COLUMNS, Row, is_blank, name_columns
from dialogue.platform.imports.reading.reasons import FileRefused, because

BATCH = 20_000
MEMORY = "512MB"


def _connect() -> Any:
    import duckdb

    return duckdb.connect(config={"memory_limit": MEMORY, "threads": "2", "autoinstall_known_extensions": "false"})


class ColumnTable:
    """A Parquet file with flat columns."""

    def __init__(self, path: Path) -> None:
        import duckdb

        self.path = path
        try:
            with _connect() as reader:
                described = reader.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
                counted = reader.execute("SELECT num_rows FROM parquet_file_metadata(?)", [str(path)]).fetchone()
        except duckdb.Error:
            raise FileRefused(because("file-damaged")) from None
        if len(described) > MAX_COLUMNS:
            raise FileRefused(because("file-columns", count=len(described), limit=MAX_COLUMNS))
        self.headers = name_columns([row[0] for row in described])
        self.count = int(counted[0])
        self.facts: dict[str, Any] = {"format": "parquet", "count": self.count}

    def rows(self) -> Iterator[Row]:
        """Yield the rows; the first under the header has number 2."""
        import duckdb

        number = 1
        try:
            with _connect() as reader:
                answer = reader.execute("SELECT * FROM read_parquet(?)", [str(self.path)])
                while batch := answer.fetchmany(BATCH):
                    for cells in batch:
                        number += 1
                        row = list(cells)
                        if is_blank(row):
                            continue
                        yield Row(number, row, self._bytes(row))
        except duckdb.Error:
            raise FileRefused(because("file-damaged")) from None

    def _bytes(self, cells: list[Any]) -> Any:
        for column, cell in enumerate(cells):
            if isinstance(cell, (bytes, bytearray)):
                cells[column] = cell.hex()[:80]
                return because("cell-bytes", column=self.headers[column])
        return None
