"""HTTP: the message endpoint and health."""
