"""The way to other Laender: who they are, how they are reached, and what happens when they are not."""
