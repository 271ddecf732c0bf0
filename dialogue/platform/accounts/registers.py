"""What accounts add: permissions and audit words."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.platform.accounts.permissions import CompanyPermission
from dialogue.platform.audit.events import event_words

permission_groups.add(
    "company",
    PermissionGroup(
        label=_("Company"),
        permissions={
            CompanyPermission.SETTINGS: _("Change the company's settings"),
            CompanyPermission.MEMBERS: _("Invite and remove members, set roles"),
            CompanyPermission.KEYS: _("Make and revoke API keys"),
            CompanyPermission.AUDIT: _("See the whole history"),
            CompanyPermission.JOBS: _("Cancel and repeat background jobs"),
            CompanyPermission.BIN: _("Restore from the bin"),
        },
    ),
    weight=900,
)

event_words.add("company.created", _("created the company"))
event_words.add("company.changed", _("changed the company's settings"))
event_words.add("company.sending_unlocked", _("let letters leave again"))
event_words.add("member.invited", _("invited a member"))
event_words.add("member.removed", _("removed a member"))
event_words.add("member.preferences", _("changed own preferences"))
event_words.add("key.made", _("made an API key"))
event_words.add("key.revoked", _("revoked an API key"))
