"""The law as types and pure functions: no XML, no I/O, standard library only."""
