"""Settings of customers: characteristics, tags, kinds of relation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from dialogue.customers.parties.details import set_tags
from dialogue.customers.parties.models import PartyTag, RelationType, Tag
from dialogue.kit.actors import Actor
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.criteria.models import Characteristic
from dialogue.platform.criteria.rules import matching
from tests.cast import Cast, a_person, make_cast

pytestmark = pytest.mark.django_db
BASE = "/c/romashka/settings"


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor(cast.owner)


@pytest.fixture
def client(cast: Cast) -> Client:
    made = Client(headers={"Accept-Language": "en"})
    made.force_login(cast.owner)
    return made


def test_company_defines_changes_and_archives_a_field(cast: Cast, client: Client) -> None:
    assert client.get(f"{BASE}/fields/").status_code == 200
    given = {"label": "Потенциал", "kind": "choice", "choices": "высокий\nнизкий\n", "applies_to": "person"}
    assert client.post(f"{BASE}/fields/party/new/", given).status_code == 204
    field = Characteristic.objects.get()
    assert [choice["label"] for choice in field.choices] == ["высокий", "низкий"]
    code = field.choices[0]["code"]
    client.post(f"{BASE}/fields/party/{field.pk}/", {"label": "Потенциал продаж", "choices": "средний\nвысокий"})
    field.refresh_from_db()
    assert field.label == "Потенциал продаж"
    assert field.choices[1] == {"code": code, "label": "высокий"}
    wrong = client.post(f"{BASE}/fields/party/new/", {"label": "Список", "kind": "choice", "choices": ""})
    assert wrong.status_code == 422
    assert "at least one entry" in wrong.content.decode()
    client.post(f"{BASE}/fields/party/new/", {"label": "Отрасль", "kind": "text"})
    second = Characteristic.objects.get(code="otrasl")
    client.post(f"{BASE}/fields/party/{second.pk}/up/")
    assert list(Characteristic.objects.of("party")) == [second, field]
    client.post(f"{BASE}/fields/party/{field.pk}/archive/")
    assert list(Characteristic.objects.of("party")) == [second]
    assert "Out of use" in client.get(f"{BASE}/fields/party/").content.decode()
    client.post(f"{BASE}/fields/party/{field.pk}/restore/")
    assert Characteristic.objects.of("party").count() == 2
    assert client.get(f"{BASE}/fields/nothing/").status_code == 404


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        ("text", "сталь", {"is": "сталь"}),
        ("number", "12.5", {"at_least": 12}),
        ("money", {"amount": "100", "currency": "RUB"}, {"at_least": 100}),
        ("date", "2026-01-31", {"is": "2026-01-31"}),
        ("yes_no", True, {"is": True}),
        ("choice", "a", {"is": "a"}),
    ],
)
def test_field_made_fast_later_finds_what_was_kept_before(
    cast: Cast, by: Actor, client: Client, kind: str, value: object, rule: dict
) -> None:
    client.post(f"{BASE}/fields/party/new/", {"label": "F", "kind": kind, "choices": "a\nb"})
    field = Characteristic.objects.get()
    person = a_person(cast, characteristics={"f": value})
    a_person(cast, "Другой")
    tree = {"field": "characteristics.f", **rule}
    assert list(matching("party", tree, Asking(by))) == [person]
    client.post(f"{BASE}/fields/party/{field.pk}/", {"label": "F", "filterable": "1", "choices": "a\nb"})
    field.refresh_from_db()
    assert field.slot
    assert list(matching("party", tree, Asking(by))) == [person]


def test_tags_are_renamed_merged_and_deleted(cast: Cast, by: Actor, client: Client) -> None:
    first, second = a_person(cast), a_person(cast, "Другой")
    set_tags(first, ["рыба", "река"], by=by)
    set_tags(second, ["рыба"], by=by)
    assert "рыба" in client.get(f"{BASE}/tags/").content.decode()
    fish, river = Tag.objects.get(name="рыба"), Tag.objects.get(name="река")
    client.post(f"{BASE}/tags/{fish.pk}/", {"name": "Река"})
    assert list(Tag.objects.values_list("name", flat=True)) == ["река"]
    assert PartyTag.objects.filter(tag=river).count() == 2
    assert client.post(f"{BASE}/tags/", {"name": "РЕКА"}).status_code == 422
    client.post(f"{BASE}/tags/", {"name": "Озеро"})
    client.post(f"{BASE}/tags/{river.pk}/", {"verb": "remove"})
    assert list(Tag.objects.values_list("name", flat=True)) == ["Озеро"]
    assert not PartyTag.objects.exists()


def test_kinds_of_relation_are_added_changed_and_archived(cast: Cast, client: Client) -> None:
    answer = client.post(f"{BASE}/relations/new/", {"forward": "учит", "reverse": "учится у", "group": "business"})
    assert answer.status_code == 204
    kind = RelationType.objects.get(forward="учит")
    assert kind.code == "uchit"
    client.post(f"{BASE}/relations/{kind.pk}/", {"forward": "обучает", "reverse": "учится у", "group": "business"})
    kind.refresh_from_db()
    assert kind.forward == "обучает"
    assert "обучает" in client.get(f"{BASE}/relations/").content.decode()
    client.post(f"{BASE}/relations/{kind.pk}/", {"verb": "archive"})
    kind.refresh_from_db()
    assert kind.archived_at
    assert client.post(f"{BASE}/relations/new/", {"forward": "", "reverse": "", "group": "x"}).status_code == 422


def test_seller_may_not_set_up(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.seller)
    for path in ("fields/", "tags/", "relations/"):
        assert client.get(f"{BASE}/{path}").status_code == 403
