"""Service: appeals, telephony and suggestions."""
