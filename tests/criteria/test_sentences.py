"""Rules read back as sentences and written through the editor's form: every tree, in four languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialogue.customers.parties.models import RelationType
from dialogue.kit.errors import Refusal
from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.actions import define_characteristic
from dialogue.platform.criteria.drafting import Drafter, draft_from, form_of, settled
from dialogue.platform.criteria.fields import Asking, Entity, Field, entities
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.leaf_forms import leaf_forms
from dialogue.platform.criteria.operators import OPERATORS, PERIODS
from dialogue.platform.criteria.rules import RuleRefusal, compile_rule, leaves
from dialogue.platform.criteria.sentences import sentence_of
from tests.cast import Cast, make_cast

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
LANGUAGES = ("en", "ru", "uk", "ro")
CODES = ["медь", "олово"]
NUMERIC = {FieldKind.NUMBER, FieldKind.MONEY}
DATED = {FieldKind.DATE, FieldKind.MOMENT}
OWN = {"kind": "text", "number": "number", "money": "money", "date": "date", "yes": "yes_no", "several": "choices"}


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        by = made.actor(made.owner)
        for code, kind in OWN.items():
            choices = [{"code": f"c{number}", "label": one} for number, one in enumerate(CODES)] if kind == "choices" else []
            define_characteristic(
                "party", label=f"Поле {kind}".translate(NO_LATIN), code=code, kind=kind, choices=choices, by=by
            )
        yield made


NO_LATIN = str.maketrans({chr(one): "ж" for one in range(ord("a"), ord("z") + 1)} | {"_": "ж"})


def asking_of(cast: Cast) -> Asking:
    return Asking(cast.actor(cast.owner), now=NOW)


texts = st.text("абвгґєіїșțâ «»“”%&<>\"'0", min_size=1, max_size=6).filter(lambda one: one.strip() == one)
numbers = st.one_of(
    st.integers(-3, 10**9), st.decimals(-9, 9, places=2).map(lambda n: f"{n:f}").filter(lambda t: t[-2:] != "00")
)
days = st.dates(date(2020, 1, 1), date(2027, 1, 1)).map(str)
spans = st.builds("{}{}".format, st.integers(0, 999), st.sampled_from("hdwmy"))


def values_of(one: Field, operator: str, asking: Asking) -> st.SearchStrategy[Any]:
    if operator == "empty":
        return st.booleans()
    if operator in {"within", "next", "older_than"}:
        return spans
    if operator == "period":
        return st.sampled_from(PERIODS)
    single: st.SearchStrategy[Any] = {
        FieldKind.NUMBER: numbers,
        FieldKind.MONEY: numbers,
        FieldKind.DATE: days,
        FieldKind.MOMENT: days,
        FieldKind.YES_NO: st.booleans(),
        FieldKind.LINK: st.integers(1, 10**6),
    }.get(one.kind, texts)
    if one.kind in {FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.USER}:
        known = [code for code, _words in one.choices_for(asking)] or ["1"]
        single = st.sampled_from(known)
    if operator == "between":
        return st.lists(single, min_size=2, max_size=2)
    return st.lists(single, min_size=1, max_size=11) if operator in {"in", "not_in"} else single


@st.composite
def conditions(draw: st.DrawFn, entity: Entity, asking: Asking) -> dict[str, Any]:
    asked = [
        (one, operator)
        for one in entity.every_field().values()
        if one.filterable
        for operator in OPERATORS[one.kind]
        if one.compare is None or operator == "empty" or (operator == "in" and one.choices_for(asking))
    ]
    one, operator = draw(st.sampled_from(asked))
    return {"field": one.name, operator: draw(values_of(one, operator, asking))}


def bounds(number: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    one = st.sampled_from(["at_least", "at_most", "more_than", "less_than", "is"])
    return st.one_of(
        st.dictionaries(one, number, min_size=1, max_size=1), st.fixed_dictionaries({"at_least": number, "at_most": number})
    )


@st.composite
def relations(draw: st.DrawFn, entity: Entity, asking: Asking) -> dict[str, Any]:
    name = draw(st.sampled_from(entity.relations.keys()))
    inner = entities.get(entity.relations.get(name).entity)
    leaf = conditions(inner, asking)
    nested = st.lists(leaf, min_size=2, max_size=2).map(lambda parts: {"any": parts})
    where = draw(st.lists(st.one_of(leaf, nested), max_size=3))
    tree = {"where": where} if where else {}
    numeric = [one.name for one in inner.every_field().values() if one.kind in NUMERIC and not one.links]
    dated = [one.name for one in inner.every_field().values() if one.kind in DATED and not one.links and one.compare is None]
    ways = [*(["sum", "average"] if numeric else []), *(["months"] if dated else [])]
    how = draw(st.sampled_from(["has", "lacks", "count", *ways]))
    if how in {"has", "lacks"}:
        return {how: name, **tree}
    measured = True if how == "count" else draw(st.sampled_from(dated if how == "months" else numeric))
    whole = how in {"count", "months"}
    return {"has": name, **tree, how: measured, **draw(bounds(st.integers(0, 10**6) if whole else numbers))}


def ties(asking: Asking) -> st.SearchStrategy[dict[str, Any]]:
    codes = list(RelationType.objects.values_list("code", flat=True))
    party = entities.get("party")
    where = st.lists(conditions(party, asking), min_size=1, max_size=2).map(lambda parts: {"where": parts})
    back = st.sampled_from([{}, {"back": True}])
    tied = st.tuples(st.sampled_from(codes), back, where).map(lambda three: {"related": three[0], **three[1], **three[2]})
    said = st.fixed_dictionaries(
        {
            "consent": st.sampled_from(["email", "call", "sms"]),
            "purpose": st.sampled_from(["marketing", "service"]),
            "is": st.sampled_from(["given", "refused", "withdrawn"]),
        }
    )
    return st.one_of(tied, said)


def trees(asking: Asking) -> st.SearchStrategy[Any]:
    party = entities.get("party")
    leaf = st.one_of(conditions(party, asking), relations(party, asking), ties(asking))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
            inner.map(lambda one: {"not": one}),
        ),
        max_leaves=6,
    )


def sent(pairs: list[tuple[str, str]]) -> QueryDict:
    given_form = QueryDict(mutable=True)
    for name, value in pairs:
        given_form.appendlist(name, value)
    return QueryDict(given_form.urlencode())


def test_every_tree_comes_back_from_the_form_the_same(cast: Cast) -> None:
    asking = asking_of(cast)
    drafter = Drafter("party", asking)

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(trees(asking))
    def check(tree: Any) -> None:
        draft = drafter.draft_of(tree)
        back = draft_from(sent(form_of(draft)))
        written = drafter.tree_of(back)
        assert written.problems == {}
        assert written.tree == tree

    check()


def test_every_condition_the_generator_makes_is_shown_by_inputs(cast: Cast) -> None:
    asking = asking_of(cast)
    drafter = Drafter("party", asking)

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(trees(asking))
    def check(tree: Any) -> None:
        kinds = []

        def walk(draft: Any) -> None:
            kinds.append(draft.kind)
            for part in draft.parts:
                walk(part)

        walk(drafter.draft_of(tree))
        assert "raw" not in kinds

    check()


@pytest.mark.parametrize(
    ("tree", "written"),
    [
        ({"has": "purchase", "at_least": "3"}, {"has": "purchase", "count": True, "at_least": 3}),
        ({"has": "purchase", "where": []}, {"has": "purchase"}),
        ({"field": "is_customer", "is": "yes"}, {"field": "is_customer", "is": True}),
        ({"field": "name", "empty": "no"}, {"field": "name", "empty": False}),
        ({"consent": "email"}, {"consent": "email", "purpose": "marketing", "is": "given"}),
        ({"field": "phase", "in": ("keep",)}, {"field": "phase", "in": ["keep"]}),
        # What the editor cannot show it carries along.
        ({"field": "created_at", "after": "2026-01-01T10:00"}, {"field": "created_at", "after": "2026-01-01T10:00"}),
        ({"field": "created_at", "since": "2026-01-01", "until": "2026-02-01"},) * 2,
        ({"field": "name", "is": "two\nlines"}, {"field": "name", "is": "two\nlines"}),
        ({"field": "name", "is": ""}, {"field": "name", "is": ""}),
    ],
)  # fmt: skip
def test_other_manners_of_the_same_rule_settle(cast: Cast, tree: Any, written: Any) -> None:
    assert settled("party", {"all": [tree]}, asking_of(cast)) == {"all": [written]}
    assert str(compile_rule("party", tree, asking_of(cast))) != ""


def test_half_filled_conditions_are_kept_and_marked(cast: Cast) -> None:
    form = sent(
        [
            ("rule:what", "group"), ("rule:join", "all"), ("rule:n", "5"),
            ("rule.0:what", "field=city"), ("rule.0:op", "is"), ("rule.0:v", ""),
            ("rule.1:what", ""),
            ("rule.2:what", "relation=purchase"), ("rule.2:op", "sum"), ("rule.2:of", "amount"), ("rule.2:bound", "at_least"),
            ("rule.2:v", "много"), ("rule.2:n", "1"), ("rule.2.0:what", "field=at"), ("rule.2.0:op", "before"),
            ("rule.3:what", "group"), ("rule.3:join", "any"), ("rule.3:n", "1"), ("rule.3.0:what", "field=gone"),
            ("rule.4:what", "field=city"), ("rule.4:op", "is"), ("rule.4:v", "Рязань"),
        ]
    )  # fmt: skip
    drafter = Drafter("party", asking_of(cast))
    draft = draft_from(form)
    written = drafter.tree_of(draft)
    assert written.tree == {"all": [{"field": "city", "is": "Рязань"}]}
    assert sorted(written.problems) == ["rule.0", "rule.1", "rule.2", "rule.2.0", "rule.3.0"]
    assert draft.parts[2].values == ["много"]
    assert draft_from(sent(form_of(draft))) == draft


names = st.from_regex(r"rule(\.[0-9]){0,4}:(what|join|op|v|n|of|bound|unit|json|not)", fullmatch=True)
GIVEN = ["", "group", "field=city", "field=", "relation=purchase", "relation=x", "leaf=consent", "leaf=y", "raw", "9", "999"]
GIVEN += ["is", "only", "{", "null", "1"]


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(names, st.sampled_from(GIVEN), max_size=30))
def test_any_form_makes_a_draft(form: dict[str, str]) -> None:
    draft = draft_from(sent(list(form.items())))
    assert draft_from(sent(form_of(draft))) == draft


ENGLISH = re.compile(r"\b(and|or|is|the|that|this|from|to|of|in|least|most|more|than|none|has|no|not|last|next|days?|with)\b")


def test_every_tree_has_a_whole_sentence_in_four_languages(cast: Cast) -> None:
    asking = asking_of(cast)

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(trees(asking))
    def check(tree: Any) -> None:
        compile_rule("party", tree, asking)
        said = {}
        for language in LANGUAGES:
            with translation.override(language):
                said[language] = sentence_of("party", tree, asking)
        for text in said.values():
            assert text.endswith("."), text
            assert "%(" not in text
            assert "()" not in text
            assert "None" not in text
        assert not re.search("[A-Za-z]{2,}", re.sub(r"e-mail|Boris|Sergey|СМС", "", said["ru"])), said["ru"]
        assert not re.search("[A-Za-z]{2,}", re.sub(r"e-mail|Boris|Sergey|СМС", "", said["uk"])), said["uk"]
        assert not ENGLISH.search(re.sub("„[^”]*”", "", said["ro"])), said["ro"]

    check()


def test_every_leaf_has_words() -> None:
    assert set(leaves.keys()) == set(leaf_forms.keys())


def test_every_relation_says_that_it_is_and_that_it_is_not() -> None:
    for entity in entities:
        for name in entity.relations.keys():  # noqa: SIM118  a registry iterates its items
            relation = entity.relations.get(name)
            assert relation.there, name
            assert relation.none, name


def test_rule_that_names_what_is_gone_is_still_read(cast: Cast) -> None:
    asking = asking_of(cast)
    tree = {"all": [{"field": "characteristics.gone", "is": "x"}, {"has": "gone"}, {"unknown": 1}, "text"]}
    with pytest.raises(RuleRefusal):
        compile_rule("party", tree, asking)
    assert "characteristics.gone" in sentence_of("party", tree, asking)


@pytest.mark.parametrize("number", ["0.5", "", "x", "NaN", True, None, [1], "1e400"])
def test_bound_that_is_no_number_is_refused_by_its_path(cast: Cast, number: Any) -> None:
    with pytest.raises(RuleRefusal) as refused:
        compile_rule("party", {"all": [{"has": "deal", "count": True, "at_least": number}]}, asking_of(cast))
    assert refused.value.field == "filter.all[0].at_least"


RULE = {
    "all": [
        {"field": "city", "is": "Рязань"},
        {"field": "phase", "in": ["develop", "keep"]},
        {"has": "purchase", "where": [{"field": "product.category", "is": "Станки"}, {"field": "at", "before": "2015-01-01"}], "sum": "amount", "at_least": 50000},
        {"lacks": "touch", "where": [{"field": "way", "is": "email"}, {"field": "at", "within": "14d"}]},
        {"not": {"any": [{"consent": "email", "is": "refused"}, {"field": "name", "contains": "тест"}]}},
    ]
}  # fmt: skip
SAID = {
    "en": "Customers that meet all conditions: city is “Рязань”; phase is developing or keeping; purchases of the customer (product category is “Станки”; when: before 1 January 2015): total of “amount” at least 50,000; has no touches (channel is e-mail; when: in the last 14 days); none of this: (consent (e-mail, offers and news): refused; name contains “тест”).",
    "ru": "Клиенты, которые отвечают всем условиям: город — «Рязань»; фаза — развитие или удержание; покупки клиента (категория товара — «Станки»; когда: раньше 1 января 2015 г.): всего по полю «сумма» не меньше 50 000; нет касаний (канал — почта; когда: за последние 14 дней); ничего из этого: (согласие (почта, предложения и новости): отказ; имя или название содержит «тест»).",
    "uk": "Клієнти, які відповідають усім умовам: місто — «Рязань»; фаза — розвиток або утримання; покупки клієнта (категорія товару — «Станки»; коли: раніше 1 січня 2015 р.): усього за полем «сума» не менше 50 000; немає дотиків (канал — пошта; коли: за останні 14 днів); нічого з цього: (згода (пошта, пропозиції та новини): відмова; ім’я або назва містить «тест»).",
    "ro": "Clienți care îndeplinesc toate condițiile: oraș: „Рязань”; fază: dezvoltare sau menținere; achizițiile clientului (categoria produsului: „Станки”; când: înainte de 1 ianuarie 2015): totalul câmpului „sumă” cel puțin 50.000; nu are contactări (canal: e-mail; când: în ultimele 14 zile); nimic din acestea: (acord (e-mail, oferte și noutăți): refuzat; nume sau denumire conține „тест”).",
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentence_reads_as_written_here(cast: Cast, language: str) -> None:
    with translation.override(language):
        said = sentence_of("party", RULE, asking_of(cast))
    assert re.sub(r"\s", " ", said) == SAID[language]


@pytest.mark.parametrize("empty", [True, False])
def test_every_field_can_be_asked_whether_it_is_empty(cast: Cast, empty: bool) -> None:
    asking = asking_of(cast)
    for entity in entities:
        for one in entity.every_field().values():
            if one.filterable:
                entity.visible_to(asking.actor).filter(
                    compile_rule(entity.name, {"field": one.name, "empty": empty}, asking)
                ).exists()


@pytest.mark.parametrize(
    "tree",
    [
        {"field": "city", "is": "a\x00b"},
        {"field": "city", "in": ["a", "\x00"]},
        {"field": "phase", "is": "\x00"},
        {"field": "email", "contains": "\x00"},
        {"related": "\x00"},
        {"consent": "\x00"},
    ],
)
def test_text_that_the_database_cannot_hold_is_refused(cast: Cast, tree: Any) -> None:
    with pytest.raises(Refusal):
        compile_rule("party", tree, asking_of(cast))
