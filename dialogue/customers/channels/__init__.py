"""One delivery record for every message; each channel's adapter is a folder that can be deleted."""
