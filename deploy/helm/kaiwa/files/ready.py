"""`helm test`: every service is ready, and ingest answers strangers as it must. One line for each question."""

import os
import sys
from http.client import HTTPConnection, HTTPException

WEBHOOK = "/webhooks/instagram"
STRANGER = f"{WEBHOOK}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=not-the-token"

QUESTIONS = [
    ("ingest is ready", "INGEST", "GET", "/readyz", 200),
    ("dispatcher is ready", "DISPATCHER", "GET", "/readyz", 200),
    ("compliance is ready", "COMPLIANCE", "GET", "/readyz", 200),
    ("a wrong verify token is refused", "INGEST", "GET", STRANGER, 403),
    ("a delivery without a signature is refused", "INGEST", "POST", WEBHOOK, 401),
]


def ask(host: str, method: str, path: str) -> int | str:
    """The status of the answer, or why there is none."""
    try:
        connection = HTTPConnection(host, timeout=10)
        connection.request(method, path)
        return connection.getresponse().status
    except (OSError, HTTPException) as error:
        return repr(error)


def main() -> int:
    failed = 0
    for question, service, method, path, expected in QUESTIONS:
        got = ask(os.environ[service], method, path)
        failed += got != expected
        verdict = "ok" if got == expected else f"FAILED, {got} instead of {expected} from {path}"
        sys.stdout.write(f"{question}: {verdict}\n")
    return 1 if failed else 0


sys.exit(main())
