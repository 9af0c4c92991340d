"""Ingest as it is, but for its producer, which says at once that everything is written."""

from collections.abc import Sequence

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.ingest import app
from kaiwa.runtime.app import main


class Silent(Producer):
    async def publish(self, records: Sequence[Outgoing], *, within: float) -> None:
        """Nothing."""


if __name__ == "__main__":
    app.Producer = Silent  # type: ignore[attr-defined] # the one seam: all before it runs as it does in production
    main(app.build)
