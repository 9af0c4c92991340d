"""The dispatcher as it is, but that it never discloses: what the audit is for."""

from kaiwa.dispatcher.app import build
from kaiwa.dispatcher.core import disclosure
from kaiwa.runtime.app import main

if __name__ == "__main__":
    disclosure.due = lambda *_: None  # the one seam: all else runs as it does in production
    main(build)
