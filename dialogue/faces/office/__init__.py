"""The office: frame, home, company choice, sign-in by link, settings, jobs, history, gallery."""
