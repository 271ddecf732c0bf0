"""What sources add: permissions and audit words."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.sources.permissions import SourcePermission
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.audit.events import event_words

permission_groups.add(
    "sources",
    PermissionGroup(label=_("Campaigns as sources"), permissions={SourcePermission.WRITE: _("Name campaigns and sources")}),
    weight=240,
)

event_words.add("source.created", _("named a campaign or source"))
event_words.add("source.renamed", _("renamed a campaign or source"))
