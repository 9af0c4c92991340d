"""The published contracts as they lie in the repository."""

import json
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).parents[2] / "docs/contracts"


def text(name: str) -> str:
    return (CONTRACTS / name).read_text("utf-8")


def read(name: str) -> Any:
    return json.loads(text(name))
