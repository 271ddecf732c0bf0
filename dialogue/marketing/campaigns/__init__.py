"""Campaigns: whom they address, what they say, who was reached and what came of it."""
