"""Pure rules of the contact policy: the hours in which a person is written to, in his own time zone."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialogue.kit.frozen import frozen

CAP, DAYS, FROM, TO = 3, 7, 8, 20


@frozen
class Policy:
    """At most `cap` marketing letters within `days` days; letters leave between the hours `start` and `end`."""

    cap: int = CAP
    days: int = DAYS
    start: int = FROM
    end: int = TO

    @property
    def window(self) -> timedelta:
        """The days over which letters are counted."""
        return timedelta(days=self.days)


def is_quiet(moment: datetime, zone: ZoneInfo, policy: Policy) -> bool:
    """Return whether a person in the zone is not written to at the moment."""
    return not policy.start <= moment.astimezone(zone).hour < policy.end


def allowed_from(moment: datetime, zone: ZoneInfo, policy: Policy) -> datetime:
    """Return the moment itself, or the next one at which a person in the zone may be written to."""
    local = moment.astimezone(zone)
    if not is_quiet(moment, zone, policy):
        return moment
    day = local.date() if local.hour < policy.start else local.date() + timedelta(days=1)
    return datetime.combine(day, time(policy.start), zone)
