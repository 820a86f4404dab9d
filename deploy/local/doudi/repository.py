"""Where the checkout is: the embedded deployment runs the services from it."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
