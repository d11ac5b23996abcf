"""Schema packs on disk: reading and checking their files, compiling them, naming what breaks a schema."""
