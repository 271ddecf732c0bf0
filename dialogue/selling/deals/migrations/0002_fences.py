"""The second fence of deals."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey

MODELS = ("Pipeline", "Stage", "Deal", "DealContact", "DealTag", "StageChange", "DealComment")
KEYS = (
    ("Stage", "pipeline"),
    ("Deal", "pipeline"),
    ("Deal", "stage"),
    ("Deal", "company"),
    ("Deal", "contact"),
    ("DealContact", "deal"),
    ("DealContact", "party"),
    ("DealTag", "deal"),
    ("DealTag", "tag"),
    ("StageChange", "deal"),
    ("StageChange", "before"),
    ("StageChange", "stage"),
    ("DealComment", "deal"),
)


class Migration(migrations.Migration):
    """Row security and keys that carry the company."""

    dependencies: ClassVar = [("deals", "0001_pipelines_and_deals")]
    operations: ClassVar = [*(Fence(model) for model in MODELS), *(FencedKey(model, field) for model, field in KEYS)]
