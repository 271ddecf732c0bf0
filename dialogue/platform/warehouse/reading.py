"""Questions to the warehouse: an in-memory DuckDB per process and company, with a view for each mart and roll-up."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from dialogue.platform.warehouse import store
from dialogue.platform.warehouse.errors import NotInWarehouse
from dialogue.platform.warehouse.marts import rollups
from dialogue.platform.warehouse.pieces import relation
from dialogue.platform.warehouse.store import Manifest

log = logging.getLogger(__name__)
MOST_COMPANIES = 4
_open: OrderedDict[tuple[int, int], tuple[int, Any]] = OrderedDict()
_lock = threading.Lock()


def _connect(tenant: int, manifest: Manifest) -> Any:
    # Heavy: no web process loads it before a page asks the warehouse.
    import duckdb

    folder = store.folder_of(tenant)
    if not store.is_whole(tenant, manifest):
        message = "files of the warehouse are lost"
        raise NotInWarehouse(message)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": str(settings.WAREHOUSE_MEMORY),
        "autoinstall_known_extensions": "false",
        "parquet_metadata_cache": "true",
        # Never where the process happens to stand.
        "temp_directory": str(Path(tempfile.gettempdir()) / f"dialogue-warehouse-{os.getpid()}"),
    }
    made = duckdb.connect(config=config)
    for name, piece in manifest.marts.items():
        made.execute(f'CREATE VIEW "{name}" AS SELECT * FROM {relation(folder, piece, ("id",))}')
    for name, piece in manifest.rollups.items():
        made.execute(f'CREATE VIEW "{name}" AS SELECT * FROM {relation(folder, piece, rollups.get(name).keys)}')
    return made


def _connection(tenant: int, manifest: Manifest) -> Any:
    """Return the process's DuckDB of this state of the company's files."""
    key = (os.getpid(), tenant)
    with _lock:
        kept = _open.get(key)
        if kept is not None and kept[0] == manifest.number:
            _open.move_to_end(key)
            return kept[1]
        made = _connect(tenant, manifest)
        _open[key] = (manifest.number, made)
        _open.move_to_end(key)
        while len(_open) > MOST_COMPANIES:
            _open.popitem(last=False)
        return made


@contextmanager
def asking(tenant: int) -> Iterator[tuple[Manifest, Any]]:
    """Open a block with the manifest and a cursor over the company's marts; their files stay for the block.

    Raises:
        NotInWarehouse: the company has no warehouse, files of it are lost or broken, or the memory does not do for a question.
    """
    with store.held(tenant) as manifest, _answering():
        cursor = _connection(tenant, manifest).cursor()
        try:
            yield manifest, cursor
        finally:
            cursor.close()


@contextmanager
def _answering() -> Iterator[None]:
    """Let whatever DuckDB fails with mean that PostgreSQL is to be asked; the log says what it was."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        log.exception("the warehouse gave no answer")
        message = "the warehouse gave no answer"
        raise NotInWarehouse(message) from error
