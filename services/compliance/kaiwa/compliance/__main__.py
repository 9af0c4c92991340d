"""``python -m kaiwa.compliance``: one compliance worker, until SIGTERM."""

from kaiwa.compliance.app import build
from kaiwa.runtime.app import main

if __name__ == "__main__":
    main(build)
