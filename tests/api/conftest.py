"""A client of the API: a key of the first company's owner, and one of the stranger."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.actions import make_key
from dialogue.platform.accounts.members import member_actor
from dialogue.platform.accounts.models import User
from dialogue.platform.tenants.models import Tenant
from tests.cast import Cast, make_cast


@dataclass
class Caller:
    """Calls operations with one key."""

    secret: str

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.secret}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        data = "" if body is None else json.dumps(body)
        return Client().generic(method, f"/api/v1{path}", data, content_type="application/json", headers=sent)

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)


def caller_of(company: Tenant, user: User, maker: User, *scopes: str) -> Caller:
    """Return a caller with a key of `user`, made by `maker`; all that the user may unless scopes are named."""
    with transaction.atomic(), tenant_scope(company.pk):
        by = member_actor(maker)
        assert by
        _key, secret = make_key("test", scopes=list(scopes) or ["*"], by=by, user=user)
    return Caller(secret)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def owner_api(cast: Cast) -> Caller:
    return caller_of(cast.company, cast.owner, cast.owner)


@pytest.fixture
def seller_api(cast: Cast) -> Caller:
    return caller_of(cast.company, cast.seller, cast.owner)


@pytest.fixture
def stranger_api(cast: Cast) -> Caller:
    return caller_of(cast.other_company, cast.stranger, cast.stranger)
