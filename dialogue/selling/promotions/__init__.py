"""Coupons: codes issued by a campaign to a person or to everybody, and used with a purchase."""
