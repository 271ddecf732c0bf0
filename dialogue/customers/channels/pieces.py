"""The language of letters: `{{place}}`, `{{place|other words}}` and `{% if place == "x" %}…{% else %}…{% endif %}`.

A text becomes a tree of pieces once and is filled for each customer. Nothing in it is ever evaluated as code, so there is no
sandbox to leave: a place is looked up in the customer's values, a condition compares one place with one word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from django.utils.translation import gettext as _

from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import frozen

MARK = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
PLACE = re.compile(r"\s*([a-z_][a-z0-9_]*)\s*(?:\|\s*([^{}|]*?)\s*)?\Z")
WHEN = re.compile(r"\s*(if|elif)\s+(not\s+)?([a-z_][a-z0-9_]*)\s*(?:(==|!=)\s*[\"“”'«]([^\"“”'»]*)[\"“”'»]\s*)?\Z")
STRAY = re.compile(r"\{\{|\}\}|\{%|%\}")
DEEPEST = 20


@frozen
class Place:
    """A place to be filled; `other` stands there when the card has nothing."""

    name: str
    other: str


@frozen
class When:
    """A condition on one place: that it holds something, or (`word`) what it holds."""

    name: str
    word: str | None
    wanted: bool

    def holds(self, values: Mapping[str, str]) -> bool:
        """Return whether the values fulfil it."""
        value = values.get(self.name, "")
        return (bool(value) if self.word is None else value == self.word) is self.wanted


@frozen
class Turn:
    """Where a part begins or ends: `if` and `elif` carry a condition, `else` and `endif` none."""

    word: str
    when: When | None = None


@frozen
class Choice:
    """Parts of which the first whose condition holds is taken; the last may have none."""

    branches: tuple[tuple[When | None, Pieces], ...]


Token = str | Place | Turn
Piece = str | Place | Choice
Pieces = tuple[Piece, ...]


def tokens_of(text: str, *, field: str = "text") -> list[Token]:
    """Return the text cut at its marks.

    Raises:
        Refusal: a mark is not one of the language.
    """
    found: list[Token] = []
    at = 0
    for mark in MARK.finditer(text):
        _plain(text[at : mark.start()], found, field)
        found.append(_place(mark[1], field) if mark[1] is not None else _turn(mark[2], field))
        at = mark.end()
    _plain(text[at:], found, field)
    return found


def _plain(text: str, found: list[Token], field: str) -> None:
    if STRAY.search(text):
        raise Refusal(_("A place to be filled looks like {{first_name}}: correct the braces."), field=field)
    if text:
        found.append(text)


def _place(text: str, field: str) -> Place:
    found = PLACE.match(text)
    if found is None:
        raise Refusal(_("A place to be filled looks like {{first_name}}: correct the braces."), field=field)
    return Place(found[1], found[2] or "")


def _turn(text: str, field: str) -> Turn:
    word = text.strip()
    if word in {"else", "endif"}:
        return Turn(word)
    found = WHEN.match(text)
    if found is None:
        raise _unruly(field)
    return Turn(found[1], When(found[3], found[5], (found[2] is None) is (found[4] != "!=")))


def _unruly(field: str) -> Refusal:
    example = '{% if city == "…" %} … {% else %} … {% endif %}'
    return Refusal(_("A part that depends on the card looks like %(example)s: correct it.") % {"example": example}, field=field)


def tree_of(tokens: Iterable[Token], *, field: str = "text") -> Pieces:
    """Return the tokens as nested pieces.

    Raises:
        Refusal: a part is not closed, or closed twice.
    """
    stream = iter(tokens)
    pieces, ended = _level(stream, field, 0)
    if ended is not None:
        raise _unruly(field)
    return pieces


def _level(stream: Iterator[Token], field: str, depth: int) -> tuple[Pieces, Turn | None]:
    if depth > DEEPEST:
        raise _unruly(field)
    pieces: list[Piece] = []
    for token in stream:
        if not isinstance(token, Turn):
            pieces.append(token)
        elif token.word == "if":
            pieces.append(_choice(token, stream, field, depth))
        else:
            return tuple(pieces), token
    return tuple(pieces), None


def _choice(opened: Turn, stream: Iterator[Token], field: str, depth: int) -> Choice:
    branches: list[tuple[When | None, Pieces]] = []
    turn: Turn | None = opened
    while turn is not None and turn.word != "endif":
        if branches and branches[-1][0] is None:
            raise _unruly(field)
        when = turn.when
        inside, turn = _level(stream, field, depth + 1)
        branches.append((when, inside))
    if turn is None:
        raise _unruly(field)
    return Choice(tuple(branches))


def names_in(tokens: Iterable[Token]) -> list[str]:
    """Return the places the tokens name, each once, in order."""
    found: dict[str, None] = {}
    for token in tokens:
        if isinstance(token, Place):
            found[token.name] = None
        elif isinstance(token, Turn) and token.when is not None:
            found[token.when.name] = None
    return list(found)


def unknown_places(text: str, places: Iterable[str]) -> list[str]:
    """Return the places the text names that are not among those known, each once.

    Raises:
        Refusal: the text is not of the language of letters.
    """
    tokens = tokens_of(text)
    tree_of(tokens)
    known = set(places)
    return [name for name in names_in(tokens) if name not in known]


def filled_with(pieces: Pieces, values: Mapping[str, str], *, field: str = "text", change: Callable[[str], str] = str) -> str:
    """Return the pieces filled; every value passes through `change` (an escape).

    Raises:
        Refusal: the card has nothing for a place that has no other words.
    """
    said: list[str] = []
    _fill(pieces, values, said, field, change)
    return "".join(said)


def _fill(pieces: Pieces, values: Mapping[str, str], said: list[str], field: str, change: Callable[[str], str]) -> None:
    for piece in pieces:
        if isinstance(piece, str):
            said.append(piece)
        elif isinstance(piece, Place):
            said.append(change(value_of(piece, values, field)))
        else:
            _fill(chosen(piece, values), values, said, field, change)


def chosen(choice: Choice, values: Mapping[str, str]) -> Pieces:
    """Return the part to be taken, none where no condition holds."""
    return next((inside for when, inside in choice.branches if when is None or when.holds(values)), ())


def value_of(place: Place, values: Mapping[str, str], field: str = "text") -> str:
    """Return what stands in the place.

    Raises:
        Refusal: the card has nothing and there are no other words.
    """
    value = values.get(place.name) or place.other
    if not value:
        raise Refusal(
            _("The card has nothing for {{%(place)s}}: fill it there, or write {{%(place)s|other words}}.")
            % {"place": place.name},
            field=field,
        )
    return value
