"""The API's document changes only on purpose: a change shows in the review, in one file per room's address."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi"
SHARED = {"Problem", "FieldProblem", "Money"}
REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')


def document() -> dict[str, Any]:
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def schemas_of(part: Any, schemas: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    for name in REFERENCE.findall(json.dumps(part, ensure_ascii=False)):
        if name not in found and name not in SHARED:
            found[name] = schemas[name]
            schemas_of(schemas[name], schemas, found)
    return found


def by_room(whole: dict[str, Any]) -> dict[str, str]:
    schemas = whole["components"].pop("schemas")
    paths = whole.pop("paths")
    rooms: dict[str, Any] = {"_shared": whole | {"schemas": {name: schemas[name] for name in SHARED if name in schemas}}}
    for path, operations in paths.items():
        room = path.removeprefix("/api/v1/").split("/")[0]
        rooms.setdefault(room, {"paths": {}})["paths"][path] = operations
    for room, part in rooms.items():
        if room != "_shared":
            part["schemas"] = schemas_of(part["paths"], schemas, {})
    return {room: json.dumps(part, ensure_ascii=False, indent=1, sort_keys=True) + "\n" for room, part in rooms.items()}


@pytest.mark.django_db
def test_document_is_the_reviewed_one() -> None:
    said = by_room(document())
    if os.environ.get("DIALOGUE_WRITE_SNAPSHOTS"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        for file in FOLDER.glob("*.json"):
            file.unlink()
        for room, text in said.items():
            (FOLDER / f"{room}.json").write_text(text)
    kept = {file.stem: file.read_text() for file in FOLDER.glob("*.json")}
    changed = sorted(room for room in said.keys() | kept.keys() if said.get(room) != kept.get(room))
    assert not changed, f"{changed}: run DIALOGUE_WRITE_SNAPSHOTS=1 pytest tests/guards/test_openapi.py and commit the files."


@pytest.mark.django_db
def test_every_operation_has_a_name_and_a_summary() -> None:
    seen = set()
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            assert operation["summary"], f"{method} {path}"
            assert operation["operationId"] not in seen, f"{method} {path}: name the view function otherwise"
            seen.add(operation["operationId"])
            assert operation["security"], f"{method} {path} has no key"
