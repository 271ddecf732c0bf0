"""Hot pieces of pages in Jinja2: a card shows a dozen panels, and Django's templates took half of its time.

A room keeps them in `jinja2/<room>/`; Django's templates stay what pages are made of. The words are gettext's: `_("…")` and
`ngettext`, with named places filled by keywords.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from django.template.backends.utils import csrf_input_lazy
from django.template.defaultfilters import capfirst, date, linebreaksbr, time, urlencode
from django.template.utils import get_app_template_dirs
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, npgettext, pgettext

from dialogue.kit.addresses import address_of

if TYPE_CHECKING:
    from jinja2 import Environment

_words: dict[str | None, dict[str, str]] = {}


def piece(template: str, context: Mapping[str, Any], request: HttpRequest | None = None) -> SafeString:
    """Return a piece of a page; with a request it may hold forms (`csrf_input`).

    Raises:
        jinja2.TemplateNotFound: no room has a piece of this name.
    """
    more = {} if request is None else {"request": request, "csrf_input": csrf_input_lazy(request)}
    return mark_safe(environment().get_template(template).render(context, **more))  # noqa: S308  escaped where it was put in


@cache
def environment() -> Environment:
    """Return what pieces are made with."""
    # Loaded with the first piece: the sign-in page, which a start is waited for by, shows none.
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(get_app_template_dirs("jinja2")),
        autoescape=True,
        auto_reload=settings.DEBUG,
        trim_blocks=True,
        extensions=["jinja2.ext.i18n"],
        finalize=_printed,
    )
    made.install_gettext_callables(_said, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext)  # type: ignore[attr-defined]
    made.globals["url"] = address_of
    made.filters |= {
        "local": timezone.localtime,
        "date": lambda value, form: date(_local(value), form),
        "time": lambda value, form: time(_local(value), form),
        "capfirst": capfirst,
        "linebreaksbr": linebreaksbr,
        "urlencode": urlencode,
    }
    return made


def _said(text: str) -> str:
    # Django normalises a text and climbs its catalogues at each call; catalogues do not change while a process lives.
    known = _words.setdefault(get_language(), {})
    found = known.get(text)
    if found is None:
        found = known[text] = gettext(text)
    return found


def _local(value: Any) -> Any:
    return timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value


def _printed(value: Any) -> Any:
    # Django prints numbers and moments as the reader's language writes them.
    if isinstance(value, str | Promise):
        return value
    return formats.localize(_local(value))
