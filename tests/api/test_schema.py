"""Schemathesis sends what the document allows and what it forbids: nothing may fault, and answers are as described."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.conf import settings
from hypothesis import HealthCheck, Phase
from hypothesis import settings as bounds
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from dialogue.faces.wsgi import application
from tests.api.conftest import caller_of
from tests.cast import make_cast

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
EXAMPLES = 8
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture
def secret(settings: Any, tmp_path: Any) -> str:
    settings.FILES_FOLDER = tmp_path
    cast = make_cast()
    return caller_of(cast.company, cast.owner, cast.owner).secret


def test_operations_answer_as_the_document_says(secret: str) -> None:
    assert settings.DATABASES
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    faults: dict[str, str] = {}
    answered: dict[str, set[int]] = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        name = f"{operation.method.upper()} {operation.path}"
        try:
            answered[name] = _try(operation, secret)
        except BaseExceptionGroup as group:
            faults[name] = "; ".join(str(one)[:300] for one in group.exceptions)
        except AssertionError as error:
            faults[name] = str(error)[:600]
    assert not faults, "\n".join(f"{name}: {said}" for name, said in faults.items())
    inside = [name for name, codes in answered.items() if 401 not in codes]
    assert len(inside) == len(answered), "The key did not open every operation."
    assert sum(any(code < 300 for code in codes) for codes in answered.values()) > len(answered) / 4, answered


def _try(operation: Any, secret: str) -> set[int]:
    from hypothesis import given

    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]

    @bounds(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=quiet,
        derandomize=True,
    )
    @given(case=operation.as_strategy())
    def attempt(case: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {secret}"}
        # One key for all attempts would replay the first answer.
        case.headers.pop("Idempotency-Key", None)
        response = case.call()
        answered.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    answered: set[int] = set()
    attempt()
    return answered
