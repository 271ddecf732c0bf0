"""Platform: what any business system needs before it has customers — the database, jobs, audit, companies, accounts, criteria, search, imports, automation."""
