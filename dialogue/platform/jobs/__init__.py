"""Background work a person can see: each job has a title, progress, an outcome, and can be cancelled and resumed.

Stands on Procrastinate in the same database, so a job commits or rolls back with the row that caused it.
"""
