"""The doors of lists: reading, changing, keeping, taking along."""

from dialogue.platform.lists.views.reading import list_page

__all__ = ["list_page"]
