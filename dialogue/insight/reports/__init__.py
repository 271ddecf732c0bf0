"""Consolidated reports over deals, contacts and tasks."""
