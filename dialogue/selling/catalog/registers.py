"""What the catalogue adds: audit words."""

from django.utils.translation import gettext_lazy as _

from dialogue.platform.audit.events import event_words
from dialogue.selling.catalog import marts  # noqa: F401  what it declares registers itself

event_words.add("products.created", _("created many products"))
