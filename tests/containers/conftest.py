"""What the images need: a Docker engine, and themselves (`make images`)."""

import subprocess

import pytest
from container_stack import engine_away
from shipped import image
from stacks import unmet


@pytest.fixture(scope="session", autouse=True)
def _images() -> None:
    if reason := engine_away():
        unmet(reason)
    for target in ("ingest", "dispatcher", "compliance", "tools", "simulator"):
        asked = subprocess.run(
            ["docker", "image", "inspect", image(target)], capture_output=True, check=False
        )
        if asked.returncode:
            unmet(f"{image(target)} is not there: run `make images`")
