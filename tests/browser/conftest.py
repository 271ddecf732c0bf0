"""Chromium for the browser tests; a machine without it says what is missing."""
