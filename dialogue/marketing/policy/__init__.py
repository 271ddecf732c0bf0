"""The contact policy: how often and when a person may be written to."""
