"""Days and hours as a Romanian office writes them; all else as Django has it."""

SHORT_DATE_FORMAT = "d.m.Y"
TIME_FORMAT = "H:i"
SHORT_DATETIME_FORMAT = "d.m.Y H:i"
YEAR_MONTH_FORMAT = "F Y"
