"""Where things are."""

from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
