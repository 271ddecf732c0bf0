"""An address whose doors load when the first of them is asked for."""

from __future__ import annotations

from django.urls import URLResolver
from django.urls.resolvers import RoutePattern


class LateResolver(URLResolver):
    """What lies under a path, in a module loaded at the first request to it: pages answer sooner without it.

    Names inside are reversed with their namespace only.
    """

    def __init__(self, route: str, module: str, *, namespace: str) -> None:
        super().__init__(RoutePattern(route, is_endpoint=False), module, {}, namespace, namespace)

    def _populate(self) -> None:
        # The resolver above asks everything below for its names; the names here are of use to nobody outside.
        if "urlconf_module" in self.__dict__:
            super()._populate()
