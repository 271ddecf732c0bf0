"""Verbs over the contact policy."""

from __future__ import annotations

from django.utils.translation import gettext as _

from dialogue.kit.actors import Actor
from dialogue.kit.errors import InvalidInput, Refusal
from dialogue.marketing.policy.keeping import NAMES, policy_of
from dialogue.marketing.policy.permissions import PolicyPermission
from dialogue.marketing.policy.rules import Policy
from dialogue.platform.audit.recording import difference, record
from dialogue.platform.audit.verbs import action
from dialogue.platform.tenants.models import Tenant
from dialogue.platform.tenants.registry import company_settings


@action(permission=PolicyPermission.WRITE)
def change_policy(*, by: Actor, **values: int) -> Policy:
    """Set how many marketing letters in how many days a person gets (`cap`, `days`) and between which hours (`start`, `end`).

    Raises:
        InvalidInput: a number out of bounds, or hours that leave no time to write.
    """
    row = Tenant.objects.select_for_update().get(pk=by.tenant)
    before = policy_of(row).__dict__
    errors: dict[str, str] = {}
    for field, value in values.items():
        if field not in NAMES:
            raise Refusal(_("There is no such setting of the contact policy."), field=field)
        try:
            row.settings[NAMES[field]] = company_settings.get(NAMES[field]).clean(value, field=field)
        except Refusal as refusal:
            errors[field] = refusal.message
    after = policy_of(row)
    if not errors and after.start >= after.end:
        errors["end"] = _("To send letters the last hour must come after the first one.")
    if errors:
        raise InvalidInput(errors)
    changes = difference(before, after.__dict__)
    if changes:
        row.save(update_fields=["settings"])
        record(by, "policy.changed", row, changes=changes)
    return after
