"""What every floor stands on and that knows no business word: scope, registry, errors, money, dates, page components.

The kit has no models of its own (abstract bases only) and imports nothing from the floors above.
"""
