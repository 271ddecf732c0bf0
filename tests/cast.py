"""The fixed cast of every story: owner, manager, seller, and a stranger of another company."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from dialogue.customers.parties.actions import create_party
from dialogue.customers.parties.drafts import Contact, NewParty
from dialogue.customers.parties.models import Party
from dialogue.kit.actors import Actor
from dialogue.kit.scope import tenant_scope
from dialogue.platform.accounts.actions import create_company, invite_member
from dialogue.platform.accounts.members import member_actor
from dialogue.platform.accounts.models import Role, User
from dialogue.platform.tenants.models import Tenant
from dialogue.selling.deals.actions import create_deal
from dialogue.selling.deals.drafts import NewDeal
from dialogue.selling.deals.models import Deal


@dataclass
class Cast:
    """Two companies and their people."""

    company: Tenant
    owner: User
    manager: User
    seller: User
    other_company: Tenant
    stranger: User

    def actor(self, user: User) -> Actor:
        """Return the person's actor in the first company."""
        with transaction.atomic(), tenant_scope(self.company.pk):
            found = member_actor(user)
        assert found is not None
        return found


@transaction.atomic
def make_cast() -> Cast:
    """Create the cast."""
    company, owner = create_company("Ромашка", login="romashka", owner="anna@example.org", language="ru", owner_name="Анна")
    other, stranger = create_company(
        "Other Ltd", login="other", owner="charlie@example.org", language="en", owner_name="Charlie"
    )
    with tenant_scope(company.pk):
        # Tests run at any hour; the contact policy's quiet hours have tests of their own.
        company.settings |= {"policy_from": 0, "policy_to": 24}
        company.save(update_fields=["settings"])
        by = member_actor(owner)
        assert by
        people = {}
        for name, role in (("boris", "manager"), ("sergey", "employee")):
            invite_member(f"{name}@example.org", roles=[Role.objects.get(code=role)], by=by, name=name.capitalize())
            people[name] = User.objects.get(email=f"{name}@example.org")
    return Cast(company, owner, people["boris"], people["sergey"], other, stranger)


def a_person(cast: Cast, name: str = "Иван Дуликов", **fields: object) -> Party:
    """Create a person of the first company by its owner; `email=` and `phone=` become contact points."""
    return _a_party(cast, "person", name, fields)


def a_firm(cast: Cast, name: str = "ООО «Автопром»", **fields: object) -> Party:
    """Create a company among the customers of the first company; `email=` and `phone=` become contact points."""
    return _a_party(cast, "company", name, fields)


def _a_party(cast: Cast, kind: str, name: str, fields: dict[str, Any]) -> Party:
    contacts = [Contact(way, fields.pop(way)) for way in ("email", "phone") if way in fields]
    with transaction.atomic(), tenant_scope(cast.company.pk):
        return create_party(NewParty(kind=kind, name=name, contacts=contacts, **fields), by=cast.actor(cast.owner))


def a_deal(cast: Cast, title: str = "Корпоративный сайт", **fields: Any) -> Deal:
    """Create a deal of the first company by its owner; fields are those of `NewDeal`."""
    with transaction.atomic(), tenant_scope(cast.company.pk):
        return create_deal(NewDeal(title=title, **fields), by=cast.actor(cast.owner))
