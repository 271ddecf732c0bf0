"""The guide's reference of the rule language is what the program knows, and every example in it compiles."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from dialogue.kit.scope import tenant_scope
from dialogue.platform.criteria.fields import Asking, entities
from dialogue.platform.criteria.kinds import FieldKind
from dialogue.platform.criteria.leaf_forms import leaf_forms
from dialogue.platform.criteria.operators import OPERATORS, condition_of
from dialogue.platform.criteria.reference import BEGIN, END, NODES, example_of, with_reference
from dialogue.platform.criteria.rules import RuleRefusal, compile_rule
from tests.cast import make_cast

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "segments.md"


def test_guide_holds_what_the_registry_says() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert text == with_reference(text), "The rule language has changed: run python tools/rules.py"
    assert text.index(BEGIN) < text.index(END)


@pytest.mark.django_db
def test_every_example_of_the_reference_is_a_rule() -> None:
    cast = make_cast()
    with tenant_scope(cast.company.pk):
        asking = Asking(cast.actor(cast.owner))
        for node, _words in NODES:
            if "…" not in str(node):
                compile_rule("party", node, asking)
        for form in leaf_forms:
            with suppress(RuleRefusal) if "in_segment" in (form.example or {}) else nullcontext():
                compile_rule("party", form.example, asking)
        by_kind = {one.kind: one for entity in entities for one in entity.fields if one.filterable and one.compare is None}
        for kind, operators in OPERATORS.items():
            for operator in operators:
                if kind in by_kind:
                    condition_of(by_kind[kind], operator, example_of(FieldKind(kind), operator), asking, "here")
