"""Cases that lie beside the repository: read where they are, skipped where they are absent."""

from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared/cases"
