"""What a reader of the timeline sees of a letter's text."""

from __future__ import annotations

import pytest

from dialogue.customers.timeline.templatetags.timeline import unmarked


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Look at [our offer](https://example.org/a?b=1) and **hurry**.", "Look at our offer and hurry."),
        ("2 ** 3 and [brackets] stay", "2 ** 3 and [brackets] stay"),
        ("[mail us](mailto:sales@example.org)", "mail us"),
        ("", ""),
    ],
)
def test_marks_of_a_letter_are_not_shown(written: str, read: str) -> None:
    assert unmarked(written) == read
