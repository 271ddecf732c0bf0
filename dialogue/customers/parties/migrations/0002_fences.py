"""The second fence of customers."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey

MODELS = ("Party", "ContactPoint", "Address", "RelationType", "PartyRelation", "Consent", "Tag", "PartyTag")
KEYS = (
    ("Party", "company"),
    ("ContactPoint", "party"),
    ("Address", "party"),
    ("PartyRelation", "first"),
    ("PartyRelation", "second"),
    ("PartyRelation", "type"),
    ("Consent", "party"),
    ("PartyTag", "tag"),
    ("PartyTag", "party"),
)


class Migration(migrations.Migration):
    """Row security and keys that carry the company."""

    dependencies: ClassVar = [("parties", "0001_customers")]
    operations: ClassVar = [*(Fence(model) for model in MODELS), *(FencedKey(model, field) for model, field in KEYS)]
