"""The law's own examples, held against the gateway: a signed request for each, and the verdict of its answer."""
