"""The import engine: read any table, map its columns, match, dry run, load as a job, and undo."""
