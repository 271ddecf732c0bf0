"""What mailboxes add: permissions, audit words, pages of the settings."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.mailboxes.permissions import MailboxPermission
from dialogue.kit.menu import MenuItem, settings_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.tenants.registry import optional_rooms

permission_groups.add(
    "mailboxes",
    PermissionGroup(
        label=_("Mailboxes"),
        permissions={
            MailboxPermission.WRITE: _("Set the mailboxes that are read"),
            MailboxPermission.READ: _("See what came back by mail"),
        },
    ),
    weight=236,
)
event_words.add("mailbox.set", _("set a mailbox"))
event_words.add("mailbox.removed", _("removed a mailbox"))
settings_items.add(
    "mailboxes", MenuItem(label=_("Mailboxes"), url_name="mailboxes", permission=MailboxPermission.WRITE), weight=312
)
settings_items.add(
    "incoming", MenuItem(label=_("What came back"), url_name="incoming", permission=MailboxPermission.READ), weight=335
)
optional_rooms.add("mailboxes", _("Mailboxes"))
