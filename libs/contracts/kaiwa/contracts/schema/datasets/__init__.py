"""The analytics topics as data sets: a row here is a contract in ``docs/contracts/odcs`` and two sinks beside it."""

from typing import Final

from kaiwa.contracts.schema.datasets.compliance import COMPLIANCE
from kaiwa.contracts.schema.datasets.dataset import Check, Column, Dataset
from kaiwa.contracts.schema.datasets.inbound import INBOUND
from kaiwa.contracts.schema.datasets.outbound import OUTBOUND

__all__ = ["DATASETS", "Check", "Column", "Dataset"]

DATASETS: Final[tuple[Dataset, ...]] = (INBOUND, OUTBOUND, COMPLIANCE)
