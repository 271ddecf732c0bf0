"""A restored company sends nothing until a person unlocks it; a demonstration's letters never leave."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client

from dialogue.kit.scope import tenant_scope
from dialogue.platform.audit.models import Entry
from dialogue.platform.mail.gates import SendingShut
from dialogue.platform.mail.local import LocalTransport
from dialogue.platform.mail.models import MailServer
from dialogue.platform.mail.outgoing import way_out
from dialogue.platform.mail.transport import SmtpTransport
from dialogue.platform.tenants.models import Tenant
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db


def locked_cast() -> Cast:
    cast = make_cast()
    with tenant_scope(cast.company.pk):
        Tenant.objects.filter(pk=cast.company.pk).update(sending_locked=True)
    return cast


def test_locked_company_sends_nothing_until_unlocked() -> None:
    cast = locked_cast()
    with tenant_scope(cast.company.pk), pytest.raises(SendingShut):
        way_out()
    owner = Client()
    owner.force_login(cast.owner)
    assert 'action="/c/romashka/sending/unlock/"' in owner.get("/c/romashka/jobs/").content.decode()
    assert owner.get("/c/romashka/sending/unlock/").status_code == 405
    with tenant_scope(cast.company.pk):
        assert Tenant.objects.get().sending_locked
    answer = owner.post("/c/romashka/sending/unlock/", follow=True)
    assert answer.status_code == 200
    assert "sending/unlock" not in answer.content.decode()
    with tenant_scope(cast.company.pk):
        assert isinstance(way_out(), LocalTransport)
        assert Entry.objects.filter(event="company.sending_unlocked").count() == 1


def test_seller_may_not_unlock_sending() -> None:
    cast = locked_cast()
    seller = Client()
    seller.force_login(cast.seller)
    assert seller.post("/c/romashka/sending/unlock/").status_code == 403
    with tenant_scope(cast.company.pk):
        assert Tenant.objects.get().sending_locked


def test_demonstration_never_sends_outside() -> None:
    cast = make_cast()
    with transaction.atomic(), tenant_scope(cast.company.pk):
        MailServer.objects.create(host="127.0.0.1", port=25, security="none")
        assert isinstance(way_out(), SmtpTransport)
        Tenant.objects.filter(pk=cast.company.pk).update(is_demo=True)
        assert isinstance(way_out(), LocalTransport)
