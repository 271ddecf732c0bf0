"""The first start of `dialogue run`: the operator, his companies, the link."""

from __future__ import annotations

import getpass
import os
from typing import Any

from django.utils.translation import gettext as _


def operator() -> Any:
    """Return the installation's operator, made at the first start."""
    from dialogue.platform.accounts.models import User

    found = User.objects.filter(is_operator=True).first()
    if found:
        return found
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "operator"
    return User.objects.create_user("operator@localhost.example.org", name=name.capitalize(), is_operator=True)


def language_of_reader() -> str:
    """Return the language this machine's user reads, English when we do not speak it."""
    from django.conf import settings

    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            language = value.split("_")[0].split(".")[0].lower()
            return language if language in dict(settings.LANGUAGES) else "en"
    return "en"


def companies_and_link(*, demo: bool) -> str:
    """Make the first companies where there are none, and return a one-time sign-in address of the operator.

    The demonstration's data is loaded by a job that its Jobs page shows.
    """
    from django.conf import settings
    from django.db import transaction
    from django.utils import translation

    from dialogue.faces.command.demo import load_later
    from dialogue.kit.scope import without_tenant
    from dialogue.platform.accounts.actions import create_company
    from dialogue.platform.accounts.links import make_sign_in_token
    from dialogue.platform.tenants.models import Tenant

    language = language_of_reader()
    with transaction.atomic(), translation.override(language):
        person = operator()
        with without_tenant("the first start makes the first companies"):
            empty = not Tenant.objects.exists()
        if empty and demo:
            create_company(_("My company"), login="my", owner=person.email, language=language)
            made, _owner = create_company(_("Demo"), login="demo", owner=person.email, language=language, is_demo=True)
            load_later(made)
        token = make_sign_in_token(person)
    return f"{settings.SITE_URL}/sign-in/{token}/"
