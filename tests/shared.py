"""Where the reference material lies. Tests that compare with it skip by name where it is absent, and only there."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="reference material ../shared is absent")
