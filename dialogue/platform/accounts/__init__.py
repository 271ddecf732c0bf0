"""Persons who sign in and their places in companies: users, memberships, roles, teams, reach, sign-in links, API keys."""
