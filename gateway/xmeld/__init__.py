"""The standard's messages: schema packs, and the mapping between XML and the law's types."""
