"""What accounts add: permissions and audit words."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.menu import MenuItem, menu_items, settings_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.kit.reference import COMPANY, Reference, references, stamp_of
from dialogue.platform.accounts import places  # noqa: F401  its actions join the catalogue
from dialogue.platform.accounts.gates import room_is_on
from dialogue.platform.accounts.members import ASKER, MEMBERS, ROLES
from dialogue.platform.accounts.permissions import CompanyPermission
from dialogue.platform.audit.events import event_words
from dialogue.platform.jobs.kinds import job_gates

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
event_words.add("member.changed", _("changed a member"))
event_words.add("team.saved", _("saved a team"))
event_words.add("team.removed", _("dissolved a team"))
event_words.add("role.saved", _("saved a role"))
event_words.add("role.removed", _("removed a role"))

job_gates.append(room_is_on)
menu_items.add("settings", MenuItem(label=_("Settings"), url_name="settings", group="house", icon="settings"), weight=990)
for key, label, url, permission in (
    ("company", _("Company"), "settings_company", CompanyPermission.SETTINGS),
    ("members", _("Members and teams"), "settings_members", ""),
    ("roles", _("Roles"), "settings_roles", CompanyPermission.MEMBERS),
    ("keys", _("API keys"), "settings_keys", ""),
):
    settings_items.add(key, MenuItem(label=label, url_name=url, permission=permission), weight=10)

references.add(ASKER, Reference(sql="SELECT u.xmin::text || ' ' || u.ctid::text FROM accounts_user u WHERE u.id = %(user)s"))
references.add(
    MEMBERS,
    Reference(
        sql=f"SELECT concat_ws('/', {stamp_of('m')}, {stamp_of('u')}) FROM accounts_membership m"
        f" JOIN accounts_user u ON u.id = m.user_id WHERE m.tenant_id = {COMPANY}"
    ),
)
references.add(ROLES, Reference(models=("accounts.Role", "accounts.MembershipRole")))
