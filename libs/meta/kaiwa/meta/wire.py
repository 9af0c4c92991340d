"""JSON as Meta writes it on the wire (platform notes, section 1.3)."""

import json


def dump(value: object) -> bytes:
    r"""ASCII only: lowercase `\uXXXX`, surrogate pairs for what lies beyond, and `\/` for a slash.

    In JSON a slash can stand only inside a string, so replacing it afterwards is exact.
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("/", r"\/").encode("ascii")
