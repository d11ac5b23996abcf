"""The mirror of the municipalities' registers: tables, loading, search."""
