"""Revisions of the tables, in their order."""
