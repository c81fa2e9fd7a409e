"""Sets of traces: opened, sorted, filtered and paged at a million rows."""
