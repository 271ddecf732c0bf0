"""Django's PostgreSQL backend with the open company sent into each transaction."""
