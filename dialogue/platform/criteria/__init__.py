"""The field registry and the rule tree: one JSON language for list filters, segments, automations and the API."""
