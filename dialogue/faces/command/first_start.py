"""The first and every later start of `dialogue run`: database, structure, companies, the link."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialogue.faces.command.run import Steps
    from dialogue.platform.embedded.server import EmbeddedServer


def prepare(steps: Steps) -> EmbeddedServer | None:
    """Bring the database up and to this version; return the embedded server, if it is ours to watch."""
    from dialogue.faces.command.main import start_django

    start_django()
    from django.conf import settings

    from dialogue.faces.command.migrate import bring_up_to_date
    from dialogue.platform.embedded.server import server_for

    server = None
    if not settings.DATABASE_URL:
        server = server_for(settings.DATA)
        server.start()
        steps.did("database started")
    changed = bring_up_to_date()
    steps.did("database brought up to date" if changed else "database is up to date")
    return server


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


def companies_and_link(*, demo: bool) -> str:
    """Make the first companies where there are none, and return a one-time sign-in address of the operator."""
    from django.conf import settings
    from django.db import transaction

    from dialogue.kit.scope import without_tenant
    from dialogue.platform.accounts.actions import create_company
    from dialogue.platform.accounts.links import make_sign_in_token
    from dialogue.platform.tenants.models import Tenant

    with transaction.atomic():
        person = operator()
        with without_tenant("the first start makes the first companies"):
            empty = not Tenant.objects.exists()
        if empty and demo:
            create_company("Моя компания", login="my", owner=person.email, language="ru")
            create_company("Демо-компания", login="demo", owner=person.email, language="ru", is_demo=True)
        token = make_sign_in_token(person)
    return f"{settings.SITE_URL}/sign-in/{token}/"
