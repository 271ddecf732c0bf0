"""A person signs in by the one-time link and sees his company."""

from __future__ import annotations

import pytest
from django.test import Client

from dialogue.platform.accounts.links import make_sign_in_token
from tests.cast import make_cast

pytestmark = pytest.mark.django_db


def test_link_signs_in_once() -> None:
    cast = make_cast()
    token = make_sign_in_token(cast.owner)
    client = Client()
    shown = client.get(f"/sign-in/{token}/", headers={"accept-language": "ru"})
    assert shown.status_code == 200
    assert "Анна" in shown.content.decode()
    assert "dialogue_session" not in client.cookies
    client.post(f"/sign-in/{token}/")
    page = client.get("/", follow=True)
    assert page.request["PATH_INFO"] == "/c/romashka/"
    assert client.post(f"/sign-in/{token}/").status_code == 410
    assert "127.0.0.1" in client.get("/account/sessions/").content.decode()


def test_removed_member_is_shut_out() -> None:
    cast = make_cast()
    client = Client()
    client.force_login(cast.seller)
    assert client.get("/c/romashka/").status_code == 200
    from dialogue.kit.scope import tenant_scope
    from dialogue.platform.accounts.actions import remove_member
    from dialogue.platform.accounts.models import Membership

    with tenant_scope(cast.company.pk):
        remove_member(Membership.objects.get(user=cast.seller), by=cast.actor(cast.owner))
    assert client.get("/c/romashka/").status_code == 404
