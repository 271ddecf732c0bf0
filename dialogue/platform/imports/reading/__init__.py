"""Reading tables as people's programs write them: bytes in, rows of cells out; no database, no model."""
