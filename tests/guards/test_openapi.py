"""The API's document changes only on purpose: a change shows in the review as a change of one file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.test import Client

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.json"


@pytest.mark.django_db
def test_document_is_the_reviewed_one() -> None:
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    said = json.dumps(response.json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if os.environ.get("DIALOGUE_WRITE_SNAPSHOTS"):
        SNAPSHOT.write_text(said)
    assert said == SNAPSHOT.read_text(), "Run DIALOGUE_WRITE_SNAPSHOTS=1 pytest tests/guards/test_openapi.py and commit it."


@pytest.mark.django_db
def test_every_operation_has_a_name_and_a_summary() -> None:
    document = Client().get("/api/v1/openapi.json").json()
    seen = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            assert operation["summary"], f"{method} {path}"
            assert operation["operationId"] not in seen, f"{method} {path}: name the view function otherwise"
            seen.add(operation["operationId"])
            assert operation["security"], f"{method} {path} has no key"
