"""The company that uses Dialogue."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LOGIN_PATTERN = r"^[A-Za-z0-9]{2,40}$"


class Tenant(models.Model):
    """One company. A directory row: `without_tenant()` may find it by its login; its business rows stay fenced."""

    login = models.CharField(
        _("login"),
        max_length=40,
        unique=True,
        validators=[RegexValidator(LOGIN_PATTERN, _("Use Latin letters and digits only, 2 to 40 of them."))],
    )
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    country = models.CharField(_("country"), max_length=2, default="US")
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    week_start = models.PositiveSmallIntegerField(_("week starts on"), default=1)
    settings = models.JSONField(default=dict)
    rooms_off = models.JSONField(default=list)
    is_demo = models.BooleanField(default=False)
    sending_locked = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(week_start__range=(1, 7)), name="tenant_week_start"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone: every period and day is told in it."""
        return ZoneInfo(self.time_zone)

    def today(self) -> date:
        """Return today's date where the company lives."""
        return timezone.now().astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """Return the moment the company's `day` begins, aware."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)

    def week_of(self, day: date) -> date:
        """Return the first day of the company's week that holds `day`."""
        return day - timedelta(days=(day.isoweekday() - self.week_start) % 7)
