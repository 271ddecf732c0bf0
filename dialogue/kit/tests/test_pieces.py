"""Hot pieces of pages: escaped as Django's templates are, in the reader's language, with addresses of the open company."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.template import engines
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation

from dialogue.kit.addresses import address_of
from dialogue.kit.pieces import environment, piece


def written(source: str, **given: Any) -> str:
    return str(environment().from_string(source).render(given))


def test_a_name_cannot_bring_html() -> None:
    assert written("<b>{{ name }}</b>", name='<script>"') == "<b>&lt;script&gt;&#34;</b>"
    assert written("{{ _('Change %(value)s', value=name) }}", name="<i>") == "Change &lt;i&gt;"
    assert written("{{ text|linebreaksbr }}", text="<a>\nb") == "&lt;a&gt;<br>b"


def test_a_text_is_said_in_the_language_of_its_reader() -> None:
    for language, word in (("en", "Dialogue"), ("ro", "Dialog"), ("ru", "Диалог"), ("en", "Dialogue")):
        with translation.override(language):
            assert written("{{ _('Dialogue') }}") == word


def test_numbers_and_moments_are_written_as_django_writes_them() -> None:
    at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    with translation.override("ru"), timezone.override("Europe/Chisinau"):
        assert written("{{ number }}", number=Decimal("1.5")) == "1,5"
        assert written("{{ at|date('SHORT_DATE_FORMAT') }} {{ at|time('H:i') }}", at=at) == "02.03.2026 01:30"


def test_addresses_are_the_ones_of_reverse() -> None:
    for name, given in (
        ("party_card", [17]),
        ("party_panel", [17, "contacts"]),
        ("party_contact", [17, 18]),
        ("record_history", ["parties.party", 17]),
        ("task_day", []),
    ):
        for _again in range(2):
            assert address_of(name, *given) == reverse(name, args=given)
    with pytest.raises(NoReverseMatch):
        address_of("party_card", "no number")


def test_a_piece_stands_inside_an_ordinary_template() -> None:
    inside = '{% piece "accounts/record_links.html" kind="parties.party" number=17 %}'
    asked = str(engines["django"].from_string(inside).render())
    assert asked == piece("accounts/record_links.html", {"kind": "parties.party", "number": 17})
    assert reverse("record_history", args=["parties.party", 17]) in asked
