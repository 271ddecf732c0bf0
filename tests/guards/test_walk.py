"""Every address and every operation, walked by those who must not come in: nobody, a stranger, who left, who may nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from dialogue.faces.api.v1 import api
from dialogue.kit.scope import tenant_scope
from dialogue.platform.audit.models import Entry
from tests.guards.conftest import MARK, House, client_of
from tests.guards.test_doors import PATTERNS

MEMBERS = sorted(path for path, view in PATTERNS if getattr(view, "access_door", "") == "member")
# What a member without any permission may do all the same: to what is his own, or reading by POST.
OWN = ("/search", "notices/read", "/try", "files")
SHUT = {302, 403, 404, 405}


def operations() -> Iterator[tuple[str, str]]:
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    yield method, f"{prefix}{path}".lstrip("/")


OPERATIONS = sorted(operations(), key=lambda one: (one[1], one[0]))


def test_pages_send_nobody_to_sign_in(house: House) -> None:
    for path in MEMBERS:
        for method in ("get", "post"):
            response = getattr(Client(), method)(f"/c/romashka/{house.fill(path)}")
            assert response.status_code in {302, 405}, f"{method} /{path} answered {response.status_code} to nobody."
            if response.status_code == 302:
                assert "/account/login/" in response["Location"], path


@pytest.mark.parametrize("who", ["stranger", "left"])
def test_pages_are_not_there_for_who_is_no_member(house: House, who: str) -> None:
    client = client_of(house.cast.stranger if who == "stranger" else house.left)
    for path in MEMBERS:
        for method in ("get", "post"):
            response = getattr(client, method)(f"/c/romashka/{house.fill(path)}")
            assert response.status_code in {404, 405}, f"{method} /{path} answered {response.status_code} to {who}."
            assert MARK not in response.content.decode()


def test_another_companys_records_are_not_found_in_ones_own(house: House) -> None:
    client = client_of(house.cast.stranger)
    for path in MEMBERS:
        response = client.get(f"/c/other/{house.fill(path)}")
        assert response.status_code < 500, path
        if not response.streaming:
            assert MARK not in response.content.decode(), f"/{path} shows another company's record."
        number = next((part for part in path.split("/") if "<int:pk>" in part or "<int:number>" in part), "")
        if number and any(path.startswith(start) for start in house.ids):
            assert response.status_code in SHUT, f"/{path} answered {response.status_code} for another company's record."


def test_member_without_permissions_changes_nothing(house: House) -> None:
    client = client_of(house.powerless)
    with tenant_scope(house.cast.company.pk):
        before = Entry.objects.exclude(event__startswith="member.").count()
    for path in MEMBERS:
        response = client.post(f"/c/romashka/{house.fill(path)}")
        assert response.status_code < 500, f"/{path}"
    with tenant_scope(house.cast.company.pk):
        done = Entry.objects.exclude(event__startswith="member.").order_by("-id")
        new = list(done.values_list("event", "subject_kind", "actor_label")[: done.count() - before])
    changed = [one for one in new if not one[0].startswith(("list.", "search."))]
    assert not changed, f"A member without permissions did {changed}."


def _ask(secret: str, method: str, path: str, body: str = "{}") -> Any:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    data = "" if method == "GET" else body
    return Client().generic(method, f"/api/v1/{path}", data, content_type="application/json", headers=headers)


def test_operations_need_a_key(house: House) -> None:
    for method, path in OPERATIONS:
        for secret in ("", "dlg_wrong"):
            response = _ask(secret, method, house.fill(path))
            assert response.status_code == 401, f"{method} {path} answered {response.status_code} without a key."


def test_operations_hide_another_companys_records(house: House) -> None:
    for method, path in OPERATIONS:
        response = _ask(house.stranger_secret, method, house.fill(path))
        assert response.status_code < 500, f"{method} {path}: {response.content[:300]!r}"
        assert MARK not in response.content.decode(), f"{method} {path}"
        if "{int:" in path:
            found = response.status_code
            assert found in {400, 403, 404, 409, 422}, f"{method} {path} answered {found} for another company's record."


def test_operations_refuse_who_may_nothing(house: House) -> None:
    for method, path in OPERATIONS:
        if method == "GET" or path.endswith(OWN):
            continue
        response = _ask(house.powerless_secret, method, house.fill(path))
        assert response.status_code in {400, 403, 404, 409, 422}, f"{method} {path} answered {response.status_code}."


def test_owner_reaches_his_records(house: House) -> None:
    """The walk means something: what is shut to others is open to the owner."""
    client = client_of(house.cast.owner)
    for path in ("contacts/<int:pk>/", "deals/<int:pk>/", "history/<str:kind>/<int:number>/", "settings/roles/<int:pk>/"):
        response = client.get(f"/c/romashka/{house.fill(path)}")
        assert response.status_code == 200, path
        assert MARK in response.content.decode(), path
    assert MARK in _ask(house.owner_secret, "GET", house.fill("deals/{int:deal}")).content.decode()


ROOT = Path(__file__).resolve().parents[2]
ASKED_FOR = sorted(
    {name for file in (ROOT / "dialogue").rglob("*.py") for name in re.findall(r'GET\.get\("(\w+)"', file.read_text())}
)


@pytest.mark.parametrize(
    "digits", ["9" * 20, "9" * 5000, "²", "-1", "\0"], ids=["no bigint", "no int", "no digit", "negative", "zero byte"]
)
def test_absurd_numbers_in_addresses_break_no_page(house: House, digits: str) -> None:
    assert "before" in ASKED_FOR
    client = client_of(house.cast.owner)
    for path in MEMBERS:
        response = client.get(f"/c/romashka/{house.fill(path)}", dict.fromkeys(ASKED_FOR, digits))
        assert response.status_code < 500, f"/{path} answered {response.status_code}."


def test_zero_byte_in_a_form_is_refused_in_words(house: House) -> None:
    client = client_of(house.cast.owner)
    answer = client.post("/c/romashka/deals/new/", {"title": "call\0back"})
    assert answer.status_code == 422
    assert "invisible" in answer.content.decode()
