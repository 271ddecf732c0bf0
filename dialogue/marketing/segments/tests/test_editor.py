"""Writing a segment through its pages: new, from a list, from another one, changed; the count beside it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dialogue.kit.scope import tenant_scope
from dialogue.marketing.segments.actions import create_segment
from dialogue.marketing.segments.models import Segment
from dialogue.platform.lists.models import SavedView
from tests.cast import Cast, a_person, make_cast

NEW = "/c/romashka/segments/new/"
COUNT = "/c/romashka/segments/count/"
RYAZAN = {
    "rule:what": "group",
    "rule:join": "all",
    "rule:n": "1",
    "rule.0:what": "field=city",
    "rule.0:op": "is",
    "rule.0:v": "Рязань",
}


@pytest.fixture
def cast(db: None) -> Cast:
    made = make_cast()
    for name, city in (("Анна", "Рязань"), ("Борис", "Москва"), ("Вера", "Рязань")):
        a_person(made, name, address={"city": city})
    return made


@pytest.fixture
def owner(cast: Cast) -> Client:
    return reading(cast.owner)


def reading(user: Any) -> Client:
    client = Client()
    type(user).objects.filter(pk=user.pk).update(language="en")
    client.force_login(type(user).objects.get(pk=user.pk))
    return client


def kept(cast: Cast) -> list[Segment]:
    with tenant_scope(cast.company.pk):
        return list(Segment.objects.order_by("pk"))


def made(cast: Cast, name: str = "Рязанцы", tree: Any = None, **more: Any) -> Segment:
    with tenant_scope(cast.company.pk):
        return create_segment(name, tree or {"field": "city", "is": "Рязань"}, by=cast.actor(cast.owner), **more)


def test_segment_is_written_with_the_editor(cast: Cast, owner: Client) -> None:
    response = owner.post(NEW, RYAZAN | {"name": "Рязанцы", "kind": "dynamic", "note": "весна"})
    (row,) = kept(cast)
    assert response.status_code == 302
    assert (row.name, row.note, row.tree, row.size) == (
        "Рязанцы",
        "весна",
        {"all": [{"field": "city", "is": "Рязань"}]},
        2,
    )


def test_unfinished_rule_is_refused_and_kept_in_the_form(cast: Cast, owner: Client) -> None:
    form = RYAZAN | {"name": "Рязанцы", "kind": "static", "rule:n": "2", "rule.1:what": "field=phase", "rule.1:op": "in"}
    response = owner.post(NEW, form)
    text = response.content.decode()
    assert response.status_code == 422
    assert "finish 1 condition" in text
    assert 'value="Рязань"' in text
    assert 'data-focus="rule.1:what"' in text
    assert kept(cast) == []


def test_refusal_of_the_name_keeps_the_rule(cast: Cast, owner: Client) -> None:
    made(cast)
    response = owner.post(NEW, RYAZAN | {"name": "рязанцы", "kind": "dynamic"})
    assert response.status_code == 422
    assert "There is another segment of this name" in response.content.decode()
    assert 'value="Рязань"' in response.content.decode()
    assert len(kept(cast)) == 1


def test_filter_of_the_list_becomes_the_rule(cast: Cast, owner: Client) -> None:
    listed = owner.get("/c/romashka/contacts/").content.decode()
    assert 'href="/c/romashka/segments/new/contacts/" data-address' in listed
    text = owner.get(f"{NEW}contacts/?view=people&f.city=Ряз&f.phase=acquire&f.phase=-&q=Анна").content.decode()
    assert 'value="Ряз"' in text
    assert 'value="People"' in text
    assert "at least one is true" in text
    assert "“Анна” is no condition" in text


def test_saved_view_and_another_segment_begin_a_new_one(cast: Cast, owner: Client) -> None:
    first = made(cast)
    with tenant_scope(cast.company.pk):
        view = SavedView.objects.create(page="contacts", name="Поставщики", owner=cast.owner, query={"f.is_supplier": ["yes"]})
    page = owner.get(NEW).content.decode()
    assert f"?view={view.pk}" in page
    assert f"?copy={first.pk}" in page
    assert 'value="field=is_supplier" selected' in owner.get(f"{NEW}?view={view.pk}").content.decode()
    copy = owner.get(f"{NEW}?copy={first.pk}").content.decode()
    assert 'value="Рязанцы, copy"' in copy
    assert 'value="Рязань"' in copy
    assert owner.get(f"{NEW}?copy=999").status_code == 404
    assert owner.get(f"{NEW}deals/").status_code == 404


def test_changed_rule_is_another_version_and_a_stale_form_is_refused(cast: Cast, owner: Client) -> None:
    row = made(cast)
    url = f"/c/romashka/segments/{row.pk}/edit/"
    page = owner.get(url).content.decode()
    etag = page.split('name="etag" value="')[1].split('"')[0]
    assert owner.post(url, RYAZAN | {"name": "Москвичи", "rule.0:v": "Москва", "etag": etag}).status_code == 302
    (row,) = kept(cast)
    assert (row.name, row.version, row.size) == ("Москвичи", 2, 1)
    late = owner.post(url, RYAZAN | {"name": "Другие", "rule.0:v": "Тула", "etag": etag})
    assert late.status_code == 422
    assert 'value="Тула"' in late.content.decode()


def test_segment_filled_once_shows_its_rule_in_words(cast: Cast, owner: Client) -> None:
    row = made(cast, kind="static")
    text = owner.get(f"/c/romashka/segments/{row.pk}/edit/").content.decode()
    assert "city is “Рязань”" in text
    assert "data-rule" not in text
    assert owner.post(f"/c/romashka/segments/{row.pk}/edit/", {"name": "Те самые"}).status_code == 302
    assert kept(cast)[0].name == "Те самые"


def test_count_says_how_many_in_words_and_whom(cast: Cast, owner: Client) -> None:
    text = owner.post(COUNT, RYAZAN | {"rule:n": "2", "rule.1:what": ""}).content.decode()
    assert "of 3 customers, 66.7 %" in text
    assert "city is “Рязань”." in text
    assert "Анна" in text
    assert "Борис" not in text
    assert "1 condition is not finished" in text


def test_count_names_only_whom_the_reader_may_see(cast: Cast) -> None:
    with tenant_scope(cast.company.pk):
        from dialogue.platform.accounts.models import Role

        Role.objects.filter(code="employee").update(reach={"*": "own"}, permissions=["segments:segment:read"])
    text = reading(cast.seller).post(COUNT, RYAZAN).content.decode()
    assert "of 3 customers" in text
    assert "Анна" not in text


def test_editor_is_shut_to_who_may_not_write(cast: Cast) -> None:
    row = made(cast)
    with tenant_scope(cast.company.pk):
        from dialogue.platform.accounts.models import Role

        Role.objects.filter(code="employee").update(permissions=[])
    client = reading(cast.seller)
    for url in (NEW, COUNT, f"{NEW}contacts/"):
        assert client.post(url, RYAZAN).status_code == 403, url
    assert client.get(f"/c/romashka/segments/{row.pk}/edit/").status_code in {403, 404}


def test_rule_that_names_a_vanished_segment_is_shown_and_marked(cast: Cast, owner: Client) -> None:
    inner, outer = made(cast, "Давние"), made(cast, "Весна", {"all": [{"field": "city", "is": "Рязань"}]})
    with tenant_scope(cast.company.pk):
        Segment.objects.filter(pk=outer.pk).update(tree={"all": [{"in_segment": inner.code}, {"in_segment": "gone"}]})
    text = owner.get(f"/c/romashka/segments/{outer.pk}/edit/").content.decode()
    assert f'<option value="{inner.code}" selected>Давние</option>' in text
    assert '<option value="gone" selected>' in text
    assert "There is no segment “gone”" in text
