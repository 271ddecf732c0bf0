"""Typed settings of a company: each room registers its own with a default; nothing else is stored."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from dialogue.kit.errors import Refusal
from dialogue.kit.frozen import frozen
from dialogue.kit.registry import Registry
from dialogue.platform.tenants.models import Tenant

MOST = 1_000_000


@frozen
class Setting:
    """One typed setting of a company."""

    label: str | Promise
    kind: type
    default: Any
    hint: str | Promise = ""
    section: str = "company"
    least: int | None = None
    most: int | None = None

    def clean(self, value: Any, *, field: str) -> Any:
        """Return the value if its type is right and, for a number, it lies between `least` and `most`.

        Raises:
            Refusal: another type, or out of bounds.
        """
        if isinstance(value, bool) is not (self.kind is bool) or not isinstance(value, self.kind):
            raise Refusal(_("To set “%(name)s” give a value of its kind.") % {"name": self.label}, field=field)
        least, most = self.least or 0, self.most or MOST
        if isinstance(value, int) and not least <= value <= most:
            raise Refusal(
                _("To set “%(name)s” give a number from %(least)d to %(most)d.")
                % {"name": self.label, "least": least, "most": most},
                field=field,
            )
        return value


company_settings: Registry[Setting] = Registry("company settings")
optional_rooms: Registry[str | Promise] = Registry("optional rooms")


def setting_of(tenant: Tenant, name: str) -> Any:
    """Return the company's value of a registered setting, or its default."""
    return tenant.settings.get(name, company_settings.get(name).default)
