"""What every room's `api.py` is made of: pages by cursor, problems, shapes of money and time, versions."""
