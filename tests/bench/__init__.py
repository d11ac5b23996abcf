"""How fast the gateway is on this machine: `python -m tests.bench`, or `make bench`.

Nothing here asserts a time. Each figure stands beside a limit that was measured in the same run, turn by turn with it,
so that a slow or busy machine slows both.
"""
