"""The registry of commands: what Ctrl-K runs besides opening a page of the menu."""

from __future__ import annotations

from django.utils.functional import Promise

from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry


@frozen
class Command:
    """One command. `dialog` fetches the address into the page's dialog; `words` are further words that find it."""

    label: str | Promise
    url_name: str
    permission: str = ""
    dialog: bool = False
    words: str | Promise = ""
    key: str = ""


commands: Registry[Command] = Registry("commands")
