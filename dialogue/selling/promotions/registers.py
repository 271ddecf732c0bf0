"""What coupons add: permissions, audit words, the timeline's kind, the menu."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.timeline.kinds import IN, EntryKind, entry_kinds
from dialogue.kit.menu import MenuItem, menu_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.tenants.registry import optional_rooms
from dialogue.selling.promotions.permissions import PromotionPermission

permission_groups.add(
    "promotions",
    PermissionGroup(
        label=_("Coupons"),
        permissions={
            PromotionPermission.READ: _("See coupons and their uses"),
            PromotionPermission.WRITE: _("Make and issue coupons"),
        },
    ),
    weight=330,
)
entry_kinds.add("coupon_used", EntryKind(_("used a coupon"), IN))
event_words.add("coupons.created", _("made coupons"))
event_words.add("coupons.issued", _("issued coupons"))
event_words.add("coupons.closed", _("closed coupons"))
event_words.add("coupons.used", _("took note of used coupons"))
menu_items.add(
    "coupons",
    MenuItem(label=_("Coupons"), url_name="coupons", group="work", permission=PromotionPermission.READ, icon="purchases"),
    weight=32,
)
optional_rooms.add("promotions", _("Coupons"))
