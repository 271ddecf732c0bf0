"""Segments: whom a company speaks to, described once as a rule and kept as a membership with its dates."""
