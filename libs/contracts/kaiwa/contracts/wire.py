"""What decoding a stranger's bytes can raise; a reader that names these takes anything.

msgspec says DecodeError for most, but lets pass what Python says of bytes that are no UTF-8 and of brackets nested
beyond all reason.
"""

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
