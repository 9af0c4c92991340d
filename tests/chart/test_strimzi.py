"""Strimzi's topics are those of `kaiwa topics apply`, setting for setting, and its users may do what services do."""

from typing import Any

import pytest
from helm import SERVICES, of, rendered, secrets_of, sets

from kaiwa.bus.topics import wanted
from kaiwa.contracts.access import ACCESS
from kaiwa.contracts.topics import TABLE


@pytest.mark.parametrize("bound", [25, 26, 30, 61, 3600, 86_399])
def test_topics_are_those_of_topics_apply(bound: int) -> None:
    """Breaks when the template's formulas and those of contracts part, or a topic is added on one side."""
    objects = rendered("production", *sets(erasure__bound=str(bound)))
    expected = {
        want.topic.name: (want.partitions, want.replication, dict(want.settings))
        for want in wanted({}, bound=bound, dev=False, partitions=48)
    }
    assert {
        name: (found["spec"]["partitions"], found["spec"]["replicas"], found["spec"]["config"])
        for name, found in of("KafkaTopic", objects).items()
    } == expected


def test_an_uninstalled_release_leaves_its_topics() -> None:
    """Breaks when `helm uninstall` would delete every event."""
    found = of("KafkaTopic", rendered("production"))
    assert found.keys() == {topic.name for topic in TABLE}
    for topic in found.values():
        assert topic["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


@pytest.mark.parametrize("service", SERVICES)
def test_users_may_do_what_their_service_does(service: str) -> None:
    acls: list[Any] = of("KafkaUser", rendered("production"))[f"kaiwa-{service}"]["spec"]["authorization"][
        "acls"
    ]
    topics = {
        acl["resource"]["name"]: acl["operations"] for acl in acls if acl["resource"]["type"] == "topic"
    }
    access = ACCESS[service]
    assert topics.keys() == {*access.reads, *access.writes, *access.describes}
    for name, operations in topics.items():
        assert ("Read" in operations, "Write" in operations) == (name in access.reads, name in access.writes)
        assert not {"All", "Alter", "AlterConfigs", "Create", "Delete"} & set(operations)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_comes_as_its_own_user(service: str) -> None:
    """Breaks when a service would log in as another, or read another's password."""
    objects = rendered("production")
    kind = "Deployment" if service == "ingest" else "StatefulSet"
    pod = of(kind, objects)[f"kaiwa-{service}"]["spec"]["template"]
    env = {found["name"]: found for found in pod["spec"]["containers"][0]["env"]}
    assert env["KAIWA_KAFKA__SASL_USERNAME"]["value"] == f"kaiwa-{service}"
    password = secrets_of(pod)["/run/kaiwa/secrets/KAIWA_KAFKA__SASL_PASSWORD"]
    assert password == {"secret": f"kaiwa-{service}", "key": "password"}
