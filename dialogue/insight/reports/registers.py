"""What reports add: the Analytics tab."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.menu import MenuItem, menu_items
from dialogue.platform.tenants.registry import optional_rooms

menu_items.add("analytics", MenuItem(label=_("Analytics"), url_name="analytics", group="work", icon="analytics"), weight=60)
optional_rooms.add("reports", _("Analytics"))
