"""The pages of the company's settings and of who sees what."""
