"""Sessions in tables: CSV and Parquet."""
