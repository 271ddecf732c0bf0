"""Why a job stopped."""


class JobCancelled(Exception):
    """Somebody asked the job to stop; what it finished stays, the rest was not begun."""
