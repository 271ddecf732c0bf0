"""The database that comes with the product: PostgreSQL 18 binaries under a manager of our own, roles, fences and marks.

Owns the Django database backend that carries the open company into every transaction.
"""
