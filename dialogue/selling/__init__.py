"""Selling: catalogue, purchases, orders, payments, delivery, deals, partners."""
