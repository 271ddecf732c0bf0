"""Why the warehouse gives no answer."""


class NotInWarehouse(Exception):
    """The warehouse does not hold what is asked: ask PostgreSQL. The words are for a developer, not for a reader."""


class Busy(Exception):
    """Another process writes this company's warehouse."""
