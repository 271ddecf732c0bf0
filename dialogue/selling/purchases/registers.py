"""What purchases add: permissions, audit words, the kind of import, the timeline's kind."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.parties.cards import Panel, Place, card_facts, card_panels
from dialogue.customers.timeline.kinds import IN, EntryKind, entry_kinds
from dialogue.kit.menu import MenuItem, menu_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.audit.kinds import RecordKind, record_kinds
from dialogue.platform.lists.pages import list_pages
from dialogue.platform.tenants.registry import optional_rooms
from dialogue.selling.purchases import imports, marts  # noqa: F401  what they declare joins the registries
from dialogue.selling.purchases.lists import PURCHASES
from dialogue.selling.purchases.models import Purchase
from dialogue.selling.purchases.panels import SPENT, purchase_facts, purchases_count, purchases_panel
from dialogue.selling.purchases.permissions import PurchasePermission

permission_groups.add(
    "purchases",
    PermissionGroup(
        label=_("Purchases"),
        permissions={
            PurchasePermission.READ: _("See purchases"),
            PurchasePermission.WRITE: _("Record purchases"),
        },
    ),
    weight=320,
)
entry_kinds.add("returned_goods", EntryKind(_("gave back"), IN))
event_words.add("purchases.recorded", _("recorded purchases"))
list_pages.add("purchases", PURCHASES)
optional_rooms.add("purchases", _("Purchases"))
menu_items.add(
    "purchases",
    MenuItem(
        label=_("Purchases"),
        url_name="purchase_list",
        group="work",
        permission=PurchasePermission.READ,
        icon="purchases",
    ),
    weight=30,
)
record_kinds.add(
    Purchase._meta.label_lower,
    RecordKind(
        label=_("purchase"), plural=_("purchases"), visible_to=Purchase.objects.visible_to, url_name="purchase", reach="party"
    ),
)
card_panels.add(
    "purchases",
    Panel(
        name="purchases",
        title=_("Purchases"),
        place=Place.MIDDLE,
        render=purchases_panel,
        order=300,
        permission=PurchasePermission.READ,
        count=purchases_count,
        count_reads=lambda party: [(SPENT, False, {"party": party.pk})],
    ),
)
card_facts.add("purchases", purchase_facts)
