"""``python -m kaiwa.dispatcher``."""

from kaiwa.dispatcher.app import build
from kaiwa.runtime.app import main

if __name__ == "__main__":
    main(build)
