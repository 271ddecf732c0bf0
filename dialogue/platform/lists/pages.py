"""The declaration of a list: what it shows, how it filters, what can be done with its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from dialogue.kit.actors import Actor
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.platform.criteria.fields import Asking, Entity, entities

Words = str | Promise
PAGE_SIZES = (20, 40, 100)
PAGE_SIZE = 40


@frozen
class Preset:
    """A view that every company has, such as "Open deals"."""

    code: str
    label: Words
    rule: Mapping[str, Any]


@frozen
class Button:
    """A button of the list's head. `dialog` opens a dialog by htmx; `main` is the one primary button.

    `args` belong to its address; `carries` sends the list's filter along to it.
    """

    label: Words
    url_name: str
    permission: str = ""
    main: bool = False
    dialog: bool = False
    key: str = ""
    args: tuple[str, ...] = ()
    carries: bool = False


@frozen
class View:
    """Another way to see the same rows: the board beside the list."""

    label: Words
    url_name: str


@frozen
class BulkVerb:
    """One change for many rows at once, with its undo.

    `run(ids, value, by)` changes the rows set-wise and returns `{id: before}`; `restore(befores, after, by)` puts back
    the rows that still hold `after` and returns their ids. `field` names the field whose input the dialog shows.
    """

    code: str
    label: Words
    permission: str
    field: str
    run: Callable[[list[int], Any, Actor], dict[int, Any]]
    restore: Callable[[dict[int, Any], Any, Actor], list[int]]


@frozen
class Empty:
    """What an empty list says and offers."""

    title: Words
    words: Words
    buttons: tuple[Button, ...] = ()


# Verbs that rooms above add to a list, as (name of the list, verb).
added_verbs: Registry[tuple[str, BulkVerb]] = Registry("bulk verbs")
# Buttons that rooms above add before a list's own, as (name of the list, button).
added_buttons: Registry[tuple[str, Button]] = Registry("buttons of lists")


def _by_title(rows: QuerySet[Any], text: str, asking: Asking) -> QuerySet[Any]:
    return rows.filter(name__icontains=text)


@frozen
class ListPage:
    """A list of one entity's records.

    `reads` names the columns of the database that every row needs whatever is shown (its title, what its cells ask); with it
    the list reads these and what the shown fields say, else whole rows. `search(rows, text, asking)` narrows by the search
    box; `cells` print single columns their own way; `change(row, field_name, value, by=actor)` is the action behind the inline
    edit and returns the changed row. `scattered` says that the filters may find a few among millions that lie anywhere in the
    order, and that an index finds them: they are found first and then put in order.
    """

    name: str
    entity: str
    title: Words
    url_name: str
    columns: tuple[str, ...]
    quick: tuple[str, ...]
    empty: Empty
    row_url: Callable[[Any], str]
    sort: str = "-created_at"
    permission: str = ""
    amount: str = ""
    search_words: Words = ""
    presets: tuple[Preset, ...] = ()
    default_preset: str = ""
    buttons: tuple[Button, ...] = ()
    views: tuple[View, ...] = ()
    bulk: tuple[BulkVerb, ...] = ()
    reads: tuple[str, ...] = ()
    search: Callable[[QuerySet[Any], str, Asking], QuerySet[Any]] = _by_title
    cells: Mapping[str, Callable[[Any, Asking], Any]] = field(default_factory=dict)
    change: Callable[..., Any] | None = None
    scattered: bool = False

    def of(self) -> Entity:
        """Return the entity the list shows."""
        return entities.get(self.entity)

    def head(self) -> tuple[Button, ...]:
        """Return the buttons of the list's head: those that rooms above added, then its own."""
        return (*(button for page, button in added_buttons if page == self.name), *self.buttons)

    def verbs(self) -> list[BulkVerb]:
        """Return what can be done with many rows: the list's own verbs, then those that rooms above added."""
        return [*self.bulk, *(verb for page, verb in added_verbs if page == self.name)]

    def preset(self, code: str) -> Preset | None:
        """Return the preset with this code, or None."""
        return next((preset for preset in self.presets if preset.code == code), None)


list_pages: Registry[ListPage] = Registry("list pages")
