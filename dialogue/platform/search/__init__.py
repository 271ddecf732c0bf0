"""Finds any record by part of a name, phone or address in either alphabet; the command palette asks here."""
