"""The warehouse: what a company analyses, as Parquet files beside the database, refreshed while it works, read by DuckDB."""
