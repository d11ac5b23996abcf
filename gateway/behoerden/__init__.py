"""The register of authorities: who may ask, known by its certificate, and what only it may use."""
