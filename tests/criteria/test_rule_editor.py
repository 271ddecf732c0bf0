"""The rule editor's door: what a choice and a button do to a form, and that nothing is lost on the way."""

from __future__ import annotations

from collections import Counter
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.drafting import GROUP, RELATION, Draft, Drafter, draft_from
from dialogue.platform.criteria.editing import editor_of, fit
from dialogue.platform.criteria.fields import Asking
from dialogue.platform.criteria.reshaping import VERBS, path_of, reshape
from dialogue.platform.criteria.rules import matching
from dialogue.platform.criteria.sentences import sentence_of
from tests.cast import Cast, make_cast

URL = "/c/romashka/rules/party/"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def client(cast: Cast) -> Client:
    made = Client()
    made.force_login(cast.owner)
    made.cookies["django_language"] = "en"
    return made


def shown(client: Client, form: dict[str, Any], **more: Any) -> str:
    response = client.post(URL, {"rule:what": "group", "rule:join": "all"} | form | more, headers={"accept-language": "en"})
    assert response.status_code == 200
    return response.content.decode()


def test_new_condition_asks_what_it_is_about(client: Client) -> None:
    text = shown(client, {"rule:n": "0"}, do="add rule")
    assert 'name="rule.0:what"' in text
    assert 'data-focus="rule.0:what"' in text
    assert "field=city" in text
    assert "relation=purchase" in text
    assert "leaf=consent" in text


def test_field_brings_its_usual_operator_and_inputs(client: Client) -> None:
    form = {"rule:n": "1", "rule.0:was": "", "rule.0:what": "field=created_at"}
    text = shown(client, form)
    assert '<option value="within" selected>' in text
    assert 'name="rule.0:unit"' in text


def test_text_of_a_long_list_is_offered_while_typed(client: Client) -> None:
    form = {"rule:n": "1", "rule.0:was": "field=time_zone", "rule.0:what": "field=time_zone", "rule.0:op": "is", "rule.0:v": ""}
    text = shown(client, form)
    assert 'list="rule.0:v:offers"' in text
    assert '<option value="Asia/Tokyo">Tokyo</option>' in text


def test_another_field_forgets_the_value_of_the_one_before(client: Client) -> None:
    form = {"rule:n": "1", "rule.0:was": "field=city", "rule.0:what": "field=phase", "rule.0:op": "is", "rule.0:v": "Рязань"}
    text = shown(client, form)
    assert "Рязань" not in text
    kept = shown(client, form | {"rule.0:was": "field=name", "rule.0:what": "field=name"})
    assert "Рязань" in kept


def test_half_filled_condition_is_kept_and_says_what_it_needs(client: Client) -> None:
    form = {"rule:n": "2", "rule.0:what": "relation=purchase", "rule.0:op": "count", "rule.0:v": "много", "rule.1:what": ""}
    text = shown(client, form, do="group rule")
    assert 'value="много"' in text
    assert text.count("rule-problem") == 3
    assert "wrong" not in text
    assert "rule-condition wrong" in shown(client, form | {"strict": "1"})


def test_value_that_is_gone_stays_in_its_list(client: Client) -> None:
    form = {"rule:n": "2", "rule.0:what": "field=phase", "rule.0:op": "in", "rule.0:v": "vanished", "rule.1:what": "field=characteristics.gone"}  # fmt: skip
    text = shown(client, form)
    assert 'value="vanished" checked' in text
    assert "“characteristics.gone” is gone" in text


def test_what_was_taken_out_may_be_put_back(client: Client) -> None:
    inner = {"rule.1:what": "group", "rule.1:join": "any", "rule.1:n": "1", "rule.1.0:what": "field=city", "rule.1.0:op": "is"}
    form = {"rule:n": "2", "rule.0:what": "field=phase", "rule.0:op": "in"} | inner | {"rule.1.0:v": "Рязань & Ко"}
    text = shown(client, form, do="remove rule.1")
    assert "Рязань" not in text.partition('name="back"')[0]
    kept = unescape(text.partition('name="back" value="')[2].partition('"')[0])
    again = shown(client, {"rule:n": "1", "rule.0:what": "field=phase"}, do="back", back=kept)
    assert 'name="rule.1.0:v" value="Рязань &amp; Ко"' in again
    assert 'name="back"' not in again
    assert 'name="back"' not in shown(client, form, do="up rule.1")


def test_editor_of_an_unknown_kind_is_not_there(client: Client) -> None:
    assert client.post("/c/romashka/rules/nothing/", {}).status_code == 404
    assert client.get(URL).status_code == 405


drafts = st.recursive(
    st.integers(0, 9).map(lambda number: Draft("field", "city", operator="is", values=[str(number)])),
    lambda inner: st.lists(inner, max_size=3).flatmap(
        lambda parts: st.sampled_from(
            [Draft(GROUP, join="any", parts=parts), Draft(RELATION, "purchase", operator="has", parts=parts)]
        )
    ),
    max_leaves=8,
).map(lambda one: one if one.kind == GROUP else Draft(GROUP, parts=[one]))


def leaves(draft: Draft) -> Counter[str]:
    found = Counter(draft.values)
    for part in draft.parts:
        found += leaves(part)
    return found


def places(draft: Draft, at: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    return [at, *(one for number, part in enumerate(draft.parts) for one in places(part, (*at, number)))]


@settings(max_examples=300, deadline=None)
@given(drafts, st.data())
def test_moving_and_grouping_lose_no_condition(draft: Draft, data: st.DataObject) -> None:
    before = leaves(draft)
    for _turn in range(4):
        verb = data.draw(st.sampled_from(sorted(set(VERBS) - {"remove"})))
        place = data.draw(st.sampled_from(places(draft)))
        after = reshape(draft, f"{verb} {path_of(place)}")
        draft = after.draft
        assert leaves(draft) == before
        path = after.focus.partition(":")[0]
        assert not path or path in {path_of(one) for one in places(draft)}


@pytest.mark.parametrize(
    "order", ["", "up", "up rule", "remove rule", "add rule.7", "add x", "wrap rule.0.0", "burn rule.0", "up rule.-1"]
)
def test_order_that_means_nothing_changes_nothing(order: str) -> None:
    draft = Draft(GROUP, parts=[Draft("field", "city", operator="is", values=["a"])])
    assert reshape(draft, order).draft == Draft(GROUP, parts=[Draft("field", "city", operator="is", values=["a"])])


def test_condition_moves_into_the_group_beside_it_and_out_again() -> None:
    a, b = (Draft("field", "city", values=[one]) for one in "ab")
    draft = Draft(GROUP, parts=[a, Draft(GROUP, join="any", parts=[b])])
    inside = reshape(draft, "down rule.0")
    assert inside.draft == Draft(GROUP, parts=[Draft(GROUP, join="any", parts=[a, b])])
    assert inside.focus == "rule.0.0:down"
    out = reshape(inside.draft, "up rule.0.0")
    assert out.draft == Draft(GROUP, parts=[a, Draft(GROUP, join="any", parts=[b])])
    assert out.focus == "rule.0:up"


names = st.from_regex(
    r"rule(\.[0-2]){0,3}:(what|join|op|v|n|of|bound|unit|json|not|was|currency|related|consent|purpose|is)", fullmatch=True
)
GIVEN = ["", "group", "field=city", "field=created_at", "field=tags", "field=is_customer", "field=gone", "relation=purchase"]
GIVEN += [
    "relation=x",
    "leaf=consent",
    "leaf=related",
    "leaf=y",
    "raw",
    "9",
    "1",
    "0",
    "-1",
    "1e9",
    "is",
    "in",
    "within",
    "between",
]
GIVEN += ["period", "sum", "count", "amount", "only", "none", "{", "null", '{"field": "x"}', "[]", "me", "\x00", "é" * 300]
forms = st.fixed_dictionaries({"rule:n": st.just("3")}, optional={}).flatmap(
    lambda fixed: st.dictionaries(names, st.sampled_from(GIVEN), max_size=40).map(lambda more: more | fixed)
)


def test_no_form_breaks_the_editor(cast: Cast) -> None:
    with tenant_scope(cast.company.pk):
        asking = Asking(cast.actor(cast.owner))

        @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
        @given(forms, st.sampled_from(sorted(VERBS)), st.from_regex(r"rule(\.[0-2]){0,3}", fullmatch=True))
        def check(form: dict[str, str], verb: str, path: str) -> None:
            given_form = QueryDict(urlencode(form))
            draft = draft_from(given_form)
            fit(Drafter("party", asking), draft, given_form)
            after = reshape(draft, f"{verb} {path}")
            text = render_to_string("criteria/rule.html", editor_of("party", after.draft, asking, strict=True, after=after))
            assert 'name="rule:what"' in text
            tree = Drafter("party", asking).tree_of(after.draft).tree
            matching("party", tree, asking).exists()
            assert sentence_of("party", tree, asking)

        check()


def test_rule_of_three_hundred_conditions_is_shown_at_once(cast: Cast) -> None:
    with tenant_scope(cast.company.pk):
        asking = Asking(cast.actor(cast.owner))
        parts = [{"any": [{"field": "city", "is": str(number)}, {"has": "purchase", "where": [{"field": "at", "within": "9d"}]}]} for number in range(70)]  # fmt: skip
        draft = Drafter("party", asking).draft_of({"all": parts})
        with CaptureQueriesContext(connection) as asked:
            text = render_to_string("criteria/rule.html", editor_of("party", draft, asking))
    assert text.count("rule-condition") == 210
    assert len(asked) <= 3
