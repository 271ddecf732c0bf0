"""What rates add: a permission, audit words, a settings page."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.menu import MenuItem, settings_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.rates.permissions import RatePermission

permission_groups.add(
    "rates",
    PermissionGroup(label=_("Exchange rates"), permissions={RatePermission.WRITE: _("Enter and load exchange rates")}),
    weight=890,
)
event_words.add("rate.set", _("entered an exchange rate"))
event_words.add("rate.removed", _("removed an exchange rate"))
event_words.add("rates.loaded", _("loaded exchange rates"))
settings_items.add("rates", MenuItem(label=_("Exchange rates"), url_name="rate_list"), weight=60)
