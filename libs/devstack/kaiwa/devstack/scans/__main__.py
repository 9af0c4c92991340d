"""``python -m kaiwa.devstack.scans``: both scans of the checkout in the current folder."""

import sys
from pathlib import Path

from kaiwa.devstack.scans import credentials, dependencies
from kaiwa.devstack.scans.scan import strict, verdict

if __name__ == "__main__":
    here = Path.cwd()
    code, lines = verdict((credentials.scan(here), dependencies.scan(here)), strict=strict())
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.exit(code)
