"""What would install and not work, or work and be unsafe, is refused with a sentence that says what to do."""

import pytest
from helm import Refused, rendered, sets

SASL = {"kafka__securityProtocol": "SASL_SSL"}
STRIMZI = {"strimzi__cluster": "main", "strimzi__topics__enabled": "true", "topics__dev": "false"}
USERS = SASL | STRIMZI | {"strimzi__users__enabled": "true"}


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"kafka__bootstrapServers": ""}, "set it to host:port of your Kafka"),
        ({"postgres__existingSecret": ""}, "--from-literal=dsn="),
        ({"keys__existingSecret": ""}, "run `kaiwa keys generate DIR`"),
        ({"meta__existingSecret": ""}, "a line `app_id secret`"),
        (SASL, "set kafka.sasl.username and kafka.sasl.existingSecret"),
        ({"kafka__sasl__username": "me"}, "set it to SASL_SSL, or empty kafka.sasl"),
        ({"kafka__tls__caSecret": "ca"}, "set it to SSL or SASL_SSL"),
        (USERS | {"strimzi__topics__enabled": "false"}, "needs strimzi.topics.enabled"),
        (USERS | {"kafka__sasl__mechanism": "PLAIN"}, "SCRAM-SHA-512"),
        (USERS | {"kafka__securityProtocol": "PLAINTEXT"}, "set kafka.securityProtocol to SASL_SSL"),
        (STRIMZI | {"strimzi__cluster": ""}, "name of the Kafka resource"),
        (STRIMZI | {"topics__dev": "true"}, "strimzi.topics.replicas"),
        (STRIMZI | {"strimzi__topics__minInSyncReplicas": "4"}, "lower it, or raise strimzi.topics.replicas"),
        (
            {"monitoring__podMonitor__enabled": "true", "monitoring__serviceMonitor__enabled": "true"},
            "enable one of them",
        ),
        ({"ingest__ingress__enabled": "true"}, "ingest.ingress.host is empty"),
        (
            {"ingest__ingress__enabled": "true", "ingest__ingress__host": "a.example"},
            "tlsTerminatedElsewhere",
        ),
        ({"compliance__ingress__enabled": "true", "compliance__ingress__host": "a.example"}, "by HTTPS only"),
        ({"ingest__gateway__enabled": "true"}, "name the Gateway"),
        ({"ingest__autoscaling__enabled": "true", "ingest__autoscaling__minReplicas": "9"}, "exchange them"),
        (
            {"ingest__autoscaling__enabled": "true", "ingest__resources__requests__cpu": "null"},
            "set ingest.resources.requests.cpu",
        ),
        ({"compliance__replicas": "4"}, "compliance may have 4 pods but the topics have 3 partitions"),
        ({"compliance__keda__enabled": "true"}, "compliance may have 6 pods"),
        ({"dispatcher__keda__enabled": "true"}, "set dispatcher.keda.prometheusUrl"),
        ({"dispatcher__keda__minReplicas": "7", "dispatcher__keda__enabled": "true"}, "exchange them"),
        ({"dispatcher__terminationGracePeriodSeconds": "30"}, "calls are cut off and end in doubt"),
        ({"ingest__terminationGracePeriodSeconds": "10"}, "an orderly stop may take 20"),
        ({"externalSecrets__enabled": "true"}, "name the SecretStore"),
        (
            {
                "externalSecrets__enabled": "true",
                "externalSecrets__storeRef__name": "v",
                "externalSecrets__remoteKeys__kafka": "k",
            },
            "kafka.sasl.existingSecret: name that",
        ),
        ({"topics__enabled": "false"}, "topics.managedElsewhere: true"),
        (
            {"dispatcher__extraEnv[0].name": "KAIWA_DISPATCHER__LEASE", "dispatcher__settings__lease": "9"},
            "twice",
        ),
    ],
)
def test_unsafe_mixes_are_refused(values: dict[str, str], advice: str) -> None:
    with pytest.raises(Refused) as refused:
        rendered("dev", *sets(**values))
    assert advice in str(refused.value)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"ingst__replicas": "2"}, "ingst"),
        ({"ingest__replica": "2"}, "replica"),
        ({"kafka__bootstrapServers": "kafka"}, "/kafka/bootstrapServers"),
        ({"kafka__securityProtocol": "TLS"}, "/kafka/securityProtocol"),
        ({"erasure__bound": "24"}, "/erasure/bound"),
        ({"erasure__bound": "soon"}, "/erasure/bound"),
        ({"ingest__statusUrl": "https://a.example/status"}, "/ingest/statusUrl"),
        ({"ingest__image__digest": "latest"}, "/ingest/image/digest"),
        ({"postgres__port": "0"}, "/postgres/port"),
        ({"image__pullPolicy": "Sometimes"}, "/image/pullPolicy"),
        ({"dispatcher__settings__sealKeyFile": "/x"}, "sealKeyFile"),
        ({"compliance__resources__limit": "1"}, "/compliance/resources"),
    ],
)
def test_the_schema_refuses_what_it_does_not_know(values: dict[str, str], where: str) -> None:
    with pytest.raises(Refused) as refused:
        rendered("dev", *sets(**values))
    assert where in str(refused.value)
