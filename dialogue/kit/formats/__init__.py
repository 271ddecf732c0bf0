"""Forms of days and hours by language, where ours differ from Django's (`FORMAT_MODULE_PATH`)."""

from django.utils.translation import gettext_noop as _

# Django writes Romanian months with a capital letter; here they are written as Romanian does.
MONTHS = (
    _("January"),
    _("February"),
    _("March"),
    _("April"),
    _("May"),
    _("June"),
    _("July"),
    _("August"),
    _("September"),
    _("October"),
    _("November"),
    _("December"),
)
