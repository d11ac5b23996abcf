"""OSCI-Transport 1.2: the envelope between states (§ 2 BMeldDAV)."""
