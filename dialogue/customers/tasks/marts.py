"""What the warehouse holds of tasks."""

from dialogue.customers.tasks.models import Task
from dialogue.platform.warehouse.marts import Mart, marts

TEXTS = ("title", "subject_label", "outcome")
COLUMNS = ("due_on", "priority", "responsible_id", "party_id", "done_at", "created_at", "updated_at", "deleted_at")
marts.add("task", Mart(Task, (*COLUMNS, *TEXTS), searched=TEXTS))
