"""Customers: the party and everything said between us — channels, timeline, documents, tasks."""
