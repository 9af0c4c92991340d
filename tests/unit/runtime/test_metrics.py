"""The catalogue: each service shows what is common and its own, and every name keeps the rules."""

import re

import pytest
from prometheus_client.metrics import MetricWrapperBase

from kaiwa.runtime import metrics

CATALOGUE = {name: value for name, value in vars(metrics).items() if isinstance(value, MetricWrapperBase)}
UNITS = re.compile(r"_(seconds|bytes|total|ratio)$|_(connected|lag|in_doubt|open|size)$")
PERSONAL = {"customer", "customer_id", "account", "account_id", "mid", "request_id", "username", "event_id"}


def test_every_name_keeps_the_rules() -> None:
    assert len(CATALOGUE) > 30
    for metric in CATALOGUE.values():
        (described,) = metric.describe()
        assert described.name.startswith("kaiwa_")
        full = described.name + ("_total" if described.type == "counter" else "")
        assert UNITS.search(full), full
        assert not PERSONAL & set(metric._labelnames)


@pytest.mark.parametrize("service", ["ingest", "dispatcher", "compliance"])
def test_a_service_shows_no_gauge_of_another(service: str) -> None:
    shown = metrics.expose(service).decode()
    assert "process_cpu_seconds_total" in shown
    assert "kaiwa_loop_lag_seconds_count" in shown
    assert f"kaiwa_{service}_" in shown
    for other in {"ingest", "dispatcher", "compliance"} - {service}:
        assert f"kaiwa_{other}_" not in shown


def test_a_process_without_metrics_of_its_own_shows_the_common_ones() -> None:
    assert b"kaiwa_kafka_connected" in metrics.expose("simulator")
