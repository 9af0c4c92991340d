"""Ingest as it is, but for its producer, which says at once that everything is written."""

from collections.abc import Iterable

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.ingest import app
from kaiwa.runtime.app import main


class Silent(Producer):
    async def publish_made(self, records: Iterable[Outgoing], *_others: object, **_limits: object) -> None:
        """Each is made, and that is all."""
        for _record in records:
            pass


if __name__ == "__main__":
    app.Producer = Silent  # type: ignore[attr-defined] # the one seam: all before it runs as it does in production
    main(app.build)
