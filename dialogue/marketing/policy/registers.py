"""What the contact policy adds: permissions, audit words, settings and their page."""

from django.utils.translation import gettext_lazy as _

from dialogue.customers.channels.makers import delivery_gates, held_words
from dialogue.kit.menu import MenuItem, settings_items
from dialogue.kit.permissions import PermissionGroup, permission_groups
from dialogue.marketing.policy.gates import CAP, hold_back
from dialogue.marketing.policy.keeping import DEFAULTS
from dialogue.marketing.policy.permissions import PolicyPermission
from dialogue.platform.audit.events import event_words
from dialogue.platform.tenants.registry import Setting, company_settings

permission_groups.add(
    "policy",
    PermissionGroup(
        label=_("Contact policy"),
        permissions={PolicyPermission.WRITE: _("Set how often and when customers are written to")},
    ),
    weight=242,
)
event_words.add("policy.changed", _("changed the contact policy"))
for name, label, least, most in (
    ("policy_cap", _("Marketing letters to one person at most"), 1, 100),
    ("policy_days", _("Within so many days"), 1, 365),
    ("policy_from", _("Letters leave from, hour"), 0, 23),
    ("policy_to", _("Letters leave until, hour"), 1, 24),
):
    company_settings.add(name, Setting(label=label, kind=int, default=DEFAULTS[name], section="policy", least=least, most=most))
settings_items.add(
    "contact_policy",
    MenuItem(label=_("Contact policy"), url_name="contact_policy", permission=PolicyPermission.WRITE),
    weight=335,
)
delivery_gates.add("policy", hold_back)
held_words.add(CAP, _("had enough letters lately"))
