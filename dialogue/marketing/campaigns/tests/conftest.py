"""The company of campaign stories: an owner, people who agreed to offers, a campaign ready to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from dialogue.customers.parties.details import record_consent
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.scope import tenant_scope
from dialogue.marketing.campaigns.actions import choose_segments, create_campaign, write_content
from dialogue.marketing.campaigns.models import Campaign
from dialogue.marketing.segments.actions import create_segment
from dialogue.platform.accounts.models import User
from tests.cast import Cast, a_person, make_cast

EVERYBODY = {"all": []}


@pytest.fixture
def cast() -> Iterator[Cast]:
    """The fixed cast, reading English, inside its company."""
    made = make_cast()
    User.objects.filter(pk__in=[made.owner.pk, made.seller.pk, made.manager.pk]).update(language="en")
    with tenant_scope(made.company.pk):
        yield made


@pytest.fixture
def by(cast: Cast) -> Actor:
    """The owner, acting."""
    return cast.actor(cast.owner)


@pytest.fixture
def client(cast: Cast) -> Client:
    """The owner's browser."""
    made = Client()
    made.force_login(cast.owner)
    return made


@pytest.fixture
def willing(cast: Cast, by: Actor) -> Callable[..., Party]:
    """Makes a person who has an address and has agreed to offers."""

    def make(name: str, **fields: object) -> Party:
        fields.setdefault("email", f"{name.lower()}@example.org")
        made = a_person(cast, name, **fields)
        record_consent(made, channel="email", state="given", by=by, source="test")
        return made

    return make


@pytest.fixture
def ready(by: Actor) -> Callable[..., Campaign]:
    """Makes a campaign to everybody with one letter written."""

    def make(
        name: str = "Осень", body: str = "Hello {{first_name|friend}}, see https://example.org/shop", **fields: object
    ) -> Campaign:
        segment = create_segment(f"Для {name}", EVERYBODY, by=by)
        made = create_campaign(name, by=by, **fields)
        choose_segments(made, [segment.code], by=by)
        write_content(made, by=by, subject="News for {{name}}", body=body)
        return made

    return make
