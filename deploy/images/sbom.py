"""What an image holds, as CycloneDX 1.5: `sbom.py IMAGE < EXPORT > BOM`.

uv's export of the lock file knows each package's origin, but for every platform at once; the image is asked what is
really there, the packages of its operating system included.
"""

import json
import subprocess
import sys
from typing import Any
from urllib.parse import quote

_ASK = """
import importlib.metadata, re, subprocess
found = importlib.metadata.distributions()
print(*sorted({re.sub("[-_.]+", "-", one.metadata["Name"]).lower() for one in found}))
asked = ["dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}\\n"]
print(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
"""


def contents(image: str) -> tuple[set[str], list[list[str]]]:
    """The names of its Python distributions; name, version and architecture of its Debian packages."""
    command = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "python3", image, "-c", _ASK]
    said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    names, *debian = said.stdout.splitlines()
    return set(names.split()), [line.split() for line in debian if line]


def bill(image: str, export: dict[str, Any]) -> dict[str, Any]:
    """The export without what is not in the image, and with what uv did not install."""
    names, debian = contents(image)
    root = export["metadata"]["component"]  # the service itself, or the workspace where several are exported
    kept = [component for component in [root, *export["components"]] if component["name"] in names]
    missing = names - {component["name"] for component in kept}
    if missing:
        raise SystemExit(f"{image} holds what the lock file does not name: {', '.join(sorted(missing))}")
    refs = {component["bom-ref"] for component in kept}
    repository, _, tag = image.rpartition(":")
    export["metadata"]["component"] = {
        "type": "container",
        "bom-ref": image,
        "name": repository,
        "version": tag,
    }
    export["components"] = kept + [_debian(*fields) for fields in debian]
    export["dependencies"] = [
        {**entry, "dependsOn": [ref for ref in entry.get("dependsOn", []) if ref in refs]}
        for entry in export["dependencies"]
        if entry["ref"] in refs
    ]
    return export


def _debian(name: str, version: str, architecture: str) -> dict[str, str]:
    purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={architecture}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


if __name__ == "__main__":
    json.dump(bill(sys.argv[1], json.load(sys.stdin)), sys.stdout, indent=1)
