"""A contact point and its customer hold each other as by a foreign key, though the key is checked once a statement."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from dialogue.customers.parties.models import ContactPoint, Party
from dialogue.kit.scope import tenant_scope
from tests.cast import Cast, a_person, make_cast

CONTACT = (
    "INSERT INTO parties_contactpoint (tenant_id, created_at, updated_at, party_id, kind, value, normal, label, is_primary)"
    " VALUES (%s, now(), now(), %s, 'email', 'x@example.org', 'x@example.org', '', false)"
)


@pytest.fixture
def cast() -> Iterator[Cast]:
    made = make_cast()
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    """A second connection with the application's rights, which waits for nobody."""
    with psycopg.connect(**connection.get_connection_params()) as raw:
        raw.execute("SET lock_timeout = '50ms'")
        yield raw
        raw.rollback()


def entered(raw: psycopg.Connection, tenant: int) -> psycopg.Connection:
    """Open the company in the connection's transaction."""
    raw.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
    return raw


@pytest.mark.django_db
def test_contact_of_nobody_and_of_a_strangers_customer_is_refused(cast: Cast) -> None:
    with tenant_scope(cast.other_company.pk):
        strangers = Party.objects.create(tenant_id=cast.other_company.pk, kind="person", name="Stranger").pk
    for party in (strangers, 10**15):
        with pytest.raises(IntegrityError, match="fenced"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CONTACT, [cast.company.pk, party])
    assert not ContactPoint.objects.filter(normal="x@example.org").exists()


@pytest.mark.django_db(transaction=True)
def test_customer_cannot_go_while_somebody_writes_his_contact(cast: Cast, other: psycopg.Connection) -> None:
    with transaction.atomic():
        person = a_person(cast)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CONTACT, [cast.company.pk, person.pk])
        entered(other, cast.company.pk)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("DELETE FROM parties_party WHERE id = %s", [person.pk])
    other.rollback()
    entered(other, cast.company.pk).execute("DELETE FROM parties_party WHERE id = %s", [person.pk])
    other.commit()
    with transaction.atomic():
        assert not ContactPoint.objects.filter(party_id=person.pk).exists(), "His contacts went with him."


@pytest.mark.django_db(transaction=True)
def test_contact_waits_for_whoever_deletes_its_customer(cast: Cast, other: psycopg.Connection) -> None:
    with transaction.atomic():
        person = a_person(cast)
    with transaction.atomic():
        Party.objects.filter(pk=person.pk)._raw_delete("default")
        entered(other, cast.company.pk)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(CONTACT, [cast.company.pk, person.pk])
    other.rollback()
    entered(other, cast.company.pk)
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="fenced"):
        other.execute(CONTACT, [cast.company.pk, person.pk])
