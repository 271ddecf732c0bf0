"""Insight: value, forecast, effects, processes, alerts and reports."""
