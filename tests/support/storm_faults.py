"""What goes wrong at Meta in a storm: with calls, before and after it has the message, and with what it tells of them."""

FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("echo_first", {"marker": ".jpg", "probability": 0.6, "seconds": 3}),
    ("reset", {"when": "before", "probability": 0.04}),
    ("reset", {"when": "after", "probability": 0.10}),
    ("status", {"when": "before", "status": 502, "probability": 0.03}),
    ("status", {"when": "after", "status": 500, "probability": 0.05}),
    ("hang", {"when": "before", "seconds": 4, "probability": 0.02}),
    ("hang", {"when": "after", "seconds": 4, "probability": 0.03}),
    ("garbled", {"probability": 0.04}),
    ("error", {"when": "before", "code": 2, "probability": 0.03}),
    ("error", {"when": "after", "code": 1, "probability": 0.04}),
    ("error", {"when": "after", "code": 1, "subcode": 1357046, "probability": 0.03}),
    ("latency", {"seconds": 0.3, "probability": 0.1}),
    ("lose", {"kind": "echo", "probability": 0.06}),
    ("delay", {"kind": "echo", "seconds": 2.5, "probability": 0.15}),
    ("duplicate", {"probability": 0.1}),
    ("drop_first", {"probability": 0.1}),
)
"""About a quarter of all calls end badly after the platform has the message."""

ANSWERS_LOST = frozenset(f"{effect}/after" for effect in ("reset", "status", "hang", "garbled", "error"))
"""The platform has the message, and the caller does not hear of it."""
