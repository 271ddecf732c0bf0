"""The second fence of channels."""

from typing import ClassVar

from django.db import migrations

from dialogue.platform.embedded.operations import Fence, FencedKey

MODELS = ("Message", "Delivery", "Hit", "Suppression", "LetterTemplate")
KEYS = ("party", "message", "identity")


class Migration(migrations.Migration):
    """Row security and keys that carry the company."""

    dependencies: ClassVar = [("channels", "0001_first")]
    operations: ClassVar = [*(Fence(model) for model in MODELS), *(FencedKey("Delivery", field) for field in KEYS)]
