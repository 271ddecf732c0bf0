"""Doors and account pages in a browser: a passkey is added and signs in; every page is clean."""

from __future__ import annotations

import pytest

from tests.browser.conftest import DESK, PHONE, Office, assert_clean

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a long and rare passphrase"
PAGES = ("password/change/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/", "2fa/webauthn/add/", "sessions/")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_account_pages_are_clean(office: Office, size: tuple[int, int], dark: bool) -> None:
    office.cast.owner.set_password(PASSWORD)
    office.cast.owner.save()
    page = office.page(size, dark=dark)
    for path in ("link/", "password/reset/", "login/"):
        page.goto(f"{office.url}/account/{path}")
        assert_clean(page)
    page.get_by_label("E-mail").fill(office.cast.owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(f"{office.url}/account/reauthenticate/?next=/account/2fa/")
    assert_clean(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/2fa/")
    for path in PAGES:
        page.goto(f"{office.url}/account/{path}")
        assert_clean(page)


def test_passkey_is_added_and_signs_in(office: Office) -> None:
    # A passkey belongs to a name: browsers refuse it for a bare address such as 127.0.0.1.
    assert office.url.startswith("http://localhost:")
    page = office.page_as(office.cast.owner)
    authority = page.context.new_cdp_session(page)
    authority.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    authority.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{office.url}/account/2fa/webauthn/add/")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(lambda url: "webauthn/add" not in url)
    page.context.clear_cookies()
    page.goto(f"{office.url}/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{office.base}/**")
    assert page.get_by_role("heading", level=1).is_visible()
