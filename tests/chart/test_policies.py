"""What holds for every object, whatever is switched on: the restricted profile, labels, probes, doors and budgets."""

from typing import Any

import pytest
from helm import SERVICES, VALUES, Object, component, of, pods, rendered, secrets_of, service_pods

RECOMMENDED = {"name", "instance", "version", "component", "part-of", "managed-by"}
SELECTED = {"name", "instance", "component"}
Peer = dict[str, Any]

everywhere = pytest.mark.parametrize("values", VALUES)


@everywhere
def test_pods_keep_the_restricted_profile(values: str) -> None:
    """Breaks when a pod would be refused by a namespace that enforces it, or might write where it runs."""
    found = dict(pods(rendered(values)))
    assert {"kaiwa-ingest", "kaiwa-dispatcher", "kaiwa-compliance", "kaiwa-test"} <= found.keys()
    for name, pod in found.items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        assert "hostPath" not in str(spec.get("volumes", [])), name
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
            }, name


def test_the_user_is_fixed_unless_the_platform_chooses() -> None:
    for name, pod in pods(rendered("dev")):
        context = pod["spec"]["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (10001,) * 3, name
    for name, pod in pods(rendered("airgapped")):
        assert not {"runAsUser", "runAsGroup", "fsGroup"} & pod["spec"]["securityContext"].keys(), name


@everywhere
def test_memory_is_bounded_by_its_request_and_cpu_by_nothing(values: str) -> None:
    for name, pod in pods(rendered(values)):
        resources = pod["spec"]["containers"][0]["resources"]
        assert resources["limits"] == {"memory": resources["requests"]["memory"]}, name
        assert "cpu" in resources["requests"], name


@everywhere
def test_every_object_has_the_recommended_labels_and_a_namespace(values: str) -> None:
    for found in rendered(values):
        labels = found["metadata"]["labels"]
        assert {f"app.kubernetes.io/{name}" for name in RECOMMENDED} <= labels.keys(), found["metadata"]
        assert found["metadata"]["namespace"] == "shop"


def test_selectors_hold_nothing_that_changes() -> None:
    """Breaks when an upgrade would need a selector changed, which Kubernetes refuses."""
    more = ("--set", "commonLabels.team=a,ingest.podLabels.tier=b,image.tag=v9")
    for found in rendered("dev", *more):
        if found["kind"] in {"Deployment", "StatefulSet"}:
            wanted = {f"app.kubernetes.io/{name}" for name in SELECTED}
            assert found["spec"]["selector"]["matchLabels"].keys() == wanted


@everywhere
def test_services_find_exactly_their_pods(values: str) -> None:
    objects = rendered(values)
    for name, service in of("Service", objects).items():
        found = {
            owner: pod
            for owner, pod in pods(objects)
            if service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        }
        assert list(found) == [name.removesuffix("-pods").removesuffix("-door")]
        (pod,) = found.values()
        offered = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= offered


@everywhere
def test_stateful_sets_have_their_governing_service(values: str) -> None:
    objects = rendered(values)
    for found in of("StatefulSet", objects).values():
        assert of("Service", objects)[found["spec"]["serviceName"]]["spec"]["clusterIP"] == "None"


@everywhere
def test_liveness_never_asks_whether_anything_else_is_reachable(values: str) -> None:
    for name, pod in service_pods(rendered(values)).items():
        container = pod["spec"]["containers"][0]
        assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}, name
        assert container["startupProbe"]["httpGet"] == {"path": "/livez", "port": "http"}, name
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}, name


def test_ingest_leaves_the_service_before_it_stops() -> None:
    spec = service_pods(rendered("dev"))["ingest"]["spec"]
    pause = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] >= pause + 10 + 5  # requests in flight, Kafka


def test_workers_are_static_members_with_time_to_come_back() -> None:
    objects = rendered("production")
    assert {component(found) for found in of("StatefulSet", objects).values()} == {"dispatcher", "compliance"}
    for name in ("dispatcher", "compliance"):
        env = {found["name"]: found for found in service_pods(objects)[name]["spec"]["containers"][0]["env"]}
        source = env["KAIWA_KAFKA__GROUP_INSTANCE_ID"]["valueFrom"]
        assert source == {"fieldRef": {"fieldPath": "metadata.name"}}
        assert env["KAIWA_KAFKA__SESSION_TIMEOUT"]["value"] == "45"


@everywhere
def test_what_runs_more_than_once_has_a_budget_and_is_spread(values: str) -> None:
    objects = rendered(values)
    budgets = of("PodDisruptionBudget", objects)
    assert len(budgets) == (0 if values == "dev" else 3)
    for budget in budgets.values():
        assert budget["spec"]["maxUnavailable"] == 1
    for name, pod in service_pods(objects).items():
        spread = {found["topologyKey"] for found in pod["spec"]["topologySpreadConstraints"]}
        assert spread == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}, name


def _ports(rules: list[Peer]) -> set[object]:
    return {port["port"] for rule in rules for port in rule["ports"]}


def test_network_policies_deny_by_default() -> None:
    found = of("NetworkPolicy", rendered("airgapped"))
    assert found["kaiwa-deny"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & found["kaiwa-deny"]["spec"].keys()
    for name, policy in found.items():
        assert "Egress" in policy["spec"]["policyTypes"], name
        for rule in policy["spec"].get("ingress", []):
            assert rule["from"], f"{name}: anybody may come in"


@pytest.mark.parametrize(
    ("name", "ports"),
    [
        ("ingest", {53, 9094, 9095}),
        ("dispatcher", {53, 9094, 9095, 6432, 443}),
        ("compliance", {53, 9094, 9095, 6432}),
        ("migrate-dispatcher", {53, 6432}),
        ("migrate-compliance", {53, 6432}),
        ("topics", {53, 9094, 9095}),
        ("test", {53, "http"}),
    ],
)
def test_each_may_call_what_it_needs(name: str, ports: set[object]) -> None:
    policy = of("NetworkPolicy", rendered("airgapped"))[f"kaiwa-{name}"]
    assert _ports(policy["spec"]["egress"]) == ports


def test_the_dispatcher_finds_meta_outside_and_no_metadata_service() -> None:
    rules = of("NetworkPolicy", rendered("production"))["kaiwa-dispatcher"]["spec"]["egress"]
    blocks = [peer["ipBlock"] for rule in rules if _ports([rule]) == {443} for peer in rule["to"]]
    assert "169.254.0.0/16" in blocks[0]["except"]


def test_only_ingest_and_the_status_page_are_open_to_the_ingress_controller() -> None:
    found = of("NetworkPolicy", rendered("production"))
    nginx = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    for name in SERVICES:
        peers = found[f"kaiwa-{name}"]["spec"]["ingress"][0]["from"]
        assert (nginx in peers) == (name != "dispatcher"), name


def test_the_world_sees_neither_metrics_nor_probes() -> None:
    paths = {
        path["path"]
        for ingress in of("Ingress", rendered("production")).values()
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    }
    routes = {
        match["path"]["value"]
        for route in of("HTTPRoute", rendered("airgapped")).values()
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
    }
    expected = {"/webhooks/instagram", "/callbacks/data-deletion", "/callbacks/deauthorize", "/deletions"}
    assert paths == routes == expected


@everywhere
def test_hooks_lean_on_nothing_of_the_release(values: str) -> None:
    """Breaks when a job that runs before the release names an object that does not exist yet."""
    objects = rendered(values)
    jobs = of("Job", objects)
    assert {"kaiwa-migrate-dispatcher", "kaiwa-migrate-compliance"} <= jobs.keys()
    hooks = {
        _identity(found) for found in objects if "helm.sh/hook" in found["metadata"].get("annotations", {})
    }
    made = {_identity(found) for found in objects} - hooks
    for name, job in jobs.items():
        annotations = job["metadata"]["annotations"]
        assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade", name
        spec = job["spec"]["template"]["spec"]
        assert "serviceAccountName" not in spec, name
        secrets = {source["secret"] for source in secrets_of(job["spec"]["template"]).values()}
        assert secrets or name == "kaiwa-topics", name
        assert not {("Secret", secret) for secret in secrets} & made, name


def _identity(found: Object) -> tuple[str, str]:
    return found["kind"], found["metadata"]["name"]


@everywhere
def test_no_secret_is_mounted_by_sub_path(values: str) -> None:
    """Breaks when a rotated secret would not reach a running pod."""
    for name, pod in pods(rendered(values)):
        for mount in pod["spec"]["containers"][0].get("volumeMounts", []):
            assert "subPath" not in mount, name


def test_images_by_digest_tag_and_registry() -> None:
    def image(values: str, name: str) -> str:
        return str(dict(pods(rendered(values)))[name]["spec"]["containers"][0]["image"])

    assert image("airgapped", "kaiwa-ingest") == f"registry.internal/mirror/kaiwa/ingest@sha256:{'1' * 64}"
    assert image("airgapped", "kaiwa-topics").endswith(f"kaiwa/dispatcher@sha256:{'2' * 64}")
    assert image("dev", "kaiwa-compliance") == "kaiwa/compliance:0.1.0"
    assert image("dev", "kaiwa-migrate-compliance") == "kaiwa/compliance:0.1.0"
    tools = rendered("dev", "--set", "image.tools.repository=kaiwa/tools,image.tag=v7")
    assert dict(pods(tools))["kaiwa-topics"]["spec"]["containers"][0]["image"] == "kaiwa/tools:v7"
