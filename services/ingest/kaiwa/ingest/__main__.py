"""``python -m kaiwa.ingest``."""

import gc
from typing import Final

from kaiwa.ingest.app import build
from kaiwa.runtime.app import main

YOUNG: Final = 100_000
"""A delivery of 1,000 events makes tens of thousands of objects, hardly any of them in cycles, and all are freed
with its answer. At the default of 700 the collector walks through them again and again: a fifth of all time.
"""

if __name__ == "__main__":
    gc.set_threshold(YOUNG)
    main(build)
