"""The import engine: read any table, map columns, match, dry run, load as a job, and undo."""
