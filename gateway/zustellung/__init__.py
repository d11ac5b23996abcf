"""The way to others: HTTP as a client, and the delivery of what follows answers."""
