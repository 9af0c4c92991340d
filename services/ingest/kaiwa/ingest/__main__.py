"""``python -m kaiwa.ingest``."""

from kaiwa.ingest.app import build
from kaiwa.runtime.app import main

if __name__ == "__main__":
    main(build)
