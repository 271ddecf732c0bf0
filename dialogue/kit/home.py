"""What rooms show on the day's first page."""

from __future__ import annotations

from collections.abc import Callable

from dialogue.kit.doors import ActorRequest
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry


@frozen
class HomePanel:
    """A box of the first page; `render` returns HTML, "" where there is nothing to show. Keep to two queries."""

    render: Callable[[ActorRequest], str]
    permission: str = ""
    wide: bool = False


home_panels: Registry[HomePanel] = Registry("home panels")
