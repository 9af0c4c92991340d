"""What could not be understood: ``instagram.quarantine.v1`` keeps the original bytes as the value and says
everything else in these headers.
"""

from enum import StrEnum

REASON = "kaiwa_reason"
SOURCE = "kaiwa_source"
"""Where the bytes came from: ``webhook``, or ``<topic>/<partition>/<offset>``."""
ACCOUNT = "kaiwa_account_id"
APP = "kaiwa_app_id"
"""Whose secret vouched for the bytes."""
TIME = "kaiwa_received_at"
STREAM = "kaiwa_stream"
"""Where the value is one item, not a whole body: the array of the entry that it came in."""
OCCURRED = "kaiwa_occurred_at"
"""The same: the time of its event."""


class Cause(StrEnum):
    """Why a record is in quarantine."""

    NOT_JSON = "not_json"
    """A signed body that is no JSON."""
    WRONG_SHAPE = "wrong_shape"
    """JSON, but not an envelope or a request of ours."""
    FOREIGN_ACCOUNT = "foreign_account"
    """One app's secret vouched for another app's account."""
    TOO_LARGE = "too_large"
    """The event would exceed the record size."""
