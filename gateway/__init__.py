"""The machine-to-machine front of a German state's population register (Melderegisterdatenspiegel)."""

__version__ = "0.2.0"
