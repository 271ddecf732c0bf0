"""The command line: `dialogue run, web, worker, migrate, check, company …`; each verb is one module with `--help`."""
