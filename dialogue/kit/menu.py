"""The menu registry: rooms add their page; the office shows what the member may open."""

from __future__ import annotations

from django.utils.functional import Promise

from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry


@frozen
class MenuItem:
    """One line of the sidebar; `group` draws the lines between."""

    label: str | Promise
    url_name: str
    group: str = "work"
    permission: str = ""
    icon: str = ""


menu_items: Registry[MenuItem] = Registry("menu")
settings_items: Registry[MenuItem] = Registry("settings pages")
