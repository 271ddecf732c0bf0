"""Lists declared once: columns, filters, saved views, selection, bulk edits with undo, export jobs."""
