"""What mail adds: permissions and audit words."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words
from dialogue.platform.mail.permissions import MailPermission

permission_groups.add(
    "mail",
    PermissionGroup(
        label=_("Mail"),
        permissions={
            MailPermission.SERVER: _("Set the company's mail server"),
            MailPermission.IDENTITY: _("Set the addresses letters come from"),
        },
    ),
    weight=910,
)

event_words.add("mail.server_set", _("set the mail server"))
event_words.add("mail.server_removed", _("removed the mail server"))
event_words.add("mail.identity_added", _("added a sender address"))
event_words.add("mail.identity_changed", _("changed a sender address"))
event_words.add("mail.identity_checked", _("checked a sender address"))
event_words.add("mail.identity_code_sent", _("sent a code to a sender address"))
event_words.add("mail.identity_confirmed", _("confirmed a sender address"))
event_words.add("mail.identity_removed", _("removed a sender address"))
