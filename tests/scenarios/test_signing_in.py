"""Signing in: password, link by letter, second factor, sessions, throttling, in the reader's language."""

from __future__ import annotations

import base64
import hmac
import re
import struct
import time
from email import message_from_bytes
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from dialogue.platform.accounts.models import User
from dialogue.platform.mail.models import ServiceLetter
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db
PASSWORD = "a long and rare passphrase"


@pytest.fixture
def cast() -> Cast:
    cache.clear()
    made = make_cast()
    made.owner.set_password(PASSWORD)
    made.owner.save()
    return made


def totp(secret: str) -> str:
    """Return the present code (RFC 6238, SHA-1, 30 seconds, 6 digits)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, "sha1")
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def sign_in(client: Client, cast: Cast, password: str = PASSWORD) -> Any:
    return client.post("/account/login/", {"login": cast.owner.email, "password": password})


def test_password_opens_the_office(cast: Cast) -> None:
    client = Client()
    assert sign_in(client, cast, "wrong").status_code == 200
    assert sign_in(client, cast)["Location"] == "/"
    assert client.get("/c/romashka/").status_code == 200


def test_wrong_passwords_are_throttled(cast: Cast) -> None:
    client = Client()
    for _attempt in range(6):
        sign_in(client, cast, "wrong")
    assert sign_in(client, cast).status_code != 302


def test_link_by_letter_signs_in_once(cast: Cast, settings: Any) -> None:
    settings.EMAIL_BACKEND = "dialogue.platform.mail.service.EmailBackend"
    User.objects.filter(pk=cast.seller.pk).update(language="ro")
    client = Client()
    known = client.post("/account/link/", {"email": cast.seller.email})
    unknown = client.post("/account/link/", {"email": "nobody@example.org"})
    assert re.sub(r'value="\w+"|content="\w+"', "", known.content.decode()) == re.sub(
        r'value="\w+"|content="\w+"', "", unknown.content.decode()
    )
    [letter] = ServiceLetter.objects.all()
    text = message_from_bytes(bytes(letter.data)).get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "autentificare" in text
    [path] = re.findall(r"(/sign-in/[\w-]+/)", text)
    assert client.post(path).status_code == 302
    assert client.get("/c/romashka/").status_code == 200
    assert Client().post(path).status_code == 410


def test_links_asked_too_often_are_refused(cast: Cast) -> None:
    client = Client()
    answers = [client.post("/account/link/", {"email": cast.seller.email}).status_code for _attempt in range(8)]
    assert answers[0] == 200
    assert answers[-1] == 429


def test_second_factor_is_asked_after_the_password(cast: Cast) -> None:
    client = Client()
    sign_in(client, cast)
    assert "reauthenticate" in client.get("/account/2fa/totp/activate/")["Location"]
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/").content.decode()
    [secret] = re.findall(r'id="authenticator_secret"[^>]* value="(\w+)"', page)
    assert client.post("/account/2fa/totp/activate/", {"code": totp(secret)}).status_code == 302
    fresh = Client()
    step = sign_in(fresh, cast)
    assert "/2fa/authenticate/" in step["Location"]
    assert fresh.get("/c/romashka/").status_code == 302
    assert fresh.post(step["Location"], {"code": "000000"}).status_code == 200
    cache.clear()
    assert fresh.post(step["Location"], {"code": totp(secret)}).status_code == 302
    assert fresh.get("/c/romashka/").status_code == 200


def test_other_sessions_are_ended(cast: Cast) -> None:
    here, there = Client(), Client()
    sign_in(here, cast)
    sign_in(there, cast)
    assert there.get("/c/romashka/").status_code == 200
    assert here.post("/account/sessions/").status_code == 302
    assert there.get("/c/romashka/").status_code == 302
    assert here.get("/c/romashka/").status_code == 200


@pytest.mark.parametrize("language", ["ru", "uk", "ro"])
def test_account_pages_speak_the_readers_language(cast: Cast, language: str) -> None:
    client = Client(headers={"Accept-Language": language})
    User.objects.filter(pk=cast.owner.pk).update(language=language)
    english = re.compile(r">\s*(Two-Factor|Change Password|Sessions|Recovery Codes|Add|Activate|Sign Out)\b")
    sign_in(client, cast)
    assert not english.search(client.get("/account/reauthenticate/").content.decode())
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    for path in ("password/change/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/", "2fa/webauthn/add/", "sessions/"):
        shown = client.get(f"/account/{path}")
        assert shown.status_code == 200, path
        page = shown.content.decode()
        assert not english.search(page), (path, english.search(page))
