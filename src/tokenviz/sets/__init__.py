"""Many traces at once: rows of Parquet files, of which only what is looked at is read."""
