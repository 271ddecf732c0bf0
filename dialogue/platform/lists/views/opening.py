"""What every door of a list does first: find the list, check the right, read the address."""

from __future__ import annotations

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from dialogue.kit.errors import NotPermitted
from dialogue.kit.reference import remembered
from dialogue.platform.accounts.doors import MemberRequest
from dialogue.platform.criteria.asking import asking_of
from dialogue.platform.lists.models import STATES, ListState
from dialogue.platform.lists.pages import ListPage, list_pages
from dialogue.platform.lists.query import ListQuery


def open_list(request: MemberRequest, name: str) -> ListPage:
    """Return the list of this name.

    Raises:
        Http404: there is none.
        NotPermitted: the member may not read it.
    """
    page = list_pages.find(name)
    if page is None:
        raise Http404
    if page.permission and not request.actor.can(page.permission):
        raise NotPermitted(_("To open this list you must have the right to read its records. Ask your administrator."))
    return page


def read_query(request: MemberRequest, page: ListPage, given: QueryDict | None = None) -> ListQuery:
    """Return the reading the address asks for; columns and page size default to how the member left the list."""
    asked = (request.GET if given is None else given).copy()
    if "cols" not in asked or "size" not in asked:
        user = int(request.actor.user or 0)
        states = remembered(STATES, lambda: {state.page: state for state in ListState.objects.filter(user_id=user)}, key=user)
        state = states.get(page.name)
        if state is not None:
            asked.setdefault("cols", ",".join(state.columns))
            asked.setdefault("size", str(state.size))
    return ListQuery(page, asked, asking_of(request.actor, request.company))
