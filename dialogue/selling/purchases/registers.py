"""What purchases add: permissions, audit words, the kind of import, the timeline's kind."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.timeline.kinds import IN, EntryKind, entry_kinds
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.selling.purchases import imports  # noqa: F401  its kind joins the registry
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
