"""The machine-to-machine front of a German state's population register (Melderegisterdatenspiegel)."""

__version__ = "0.1.0"
