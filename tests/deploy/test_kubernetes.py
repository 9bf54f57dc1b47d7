"""The manifests of deploy/kubernetes are valid, complete, locked down, and consistent with docker-compose.yml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from lookalike.queue import KEY_PREFIX, QUEUE, TIME_LIMIT_S, make_app
from lookalike.settings import PREFIX, Settings
from testing.processes import ROOT
from tests.deploy.compose import read
from tests.deploy.test_compose_file import FILE, GIVEN

Manifest = dict[str, Any]

FOLDER = ROOT / "deploy" / "kubernetes"
FILES = sorted(path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml")
#: The oldest version with all features that the manifests use, and the newest that the validator supports.
OLDEST, NEWEST = "1.30", ""
COMPOSED = read(FILE, GIVEN)
#: The fields of KEDA's resources that we use, with their types.
SCALED: Manifest = {
    "scaleTargetRef": {"name": str},
    "minReplicaCount": int,
    "maxReplicaCount": int,
    "pollingInterval": int,
    "advanced": {"horizontalPodAutoscalerConfig": {"behavior": dict}},
    "triggers": list,
}
TRIGGER: Manifest = {
    "type": str,
    "metadata": {"listName": str, "listLength": str, "databaseIndex": str, "enableTLS": str},
    "authenticationRef": {"name": str},
}
PARAMETER: Manifest = {"parameter": str, "name": str, "key": str}


def manifests(*files: Path) -> list[Manifest]:
    return [manifest for path in files for manifest in yaml.safe_load_all(path.read_text())]


ALL = manifests(*FILES)
BASE = manifests(*sorted(path for path in FILES if path.parent.name == "base"))


def of_kind(kind: str, among: list[Manifest] = BASE) -> dict[str, Manifest]:
    return {manifest["metadata"]["name"]: manifest for manifest in among if manifest["kind"] == kind}


WITH_PODS = of_kind("Deployment") | of_kind("Job") | of_kind("Job", ALL)


def is_keda(manifest: Manifest) -> bool:
    return bool(manifest["apiVersion"].startswith("keda.sh/"))


def validate(manifest: Manifest, version: str) -> None:
    # Not at the top: it takes seconds, and every process of the tests reads this module.
    import kubernetes_validate

    try:
        kubernetes_validate.validate(manifest, version or kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as error:
        raise AssertionError(str(error)) from error


def whole(manifest: Manifest) -> bool:
    """Whether this is a complete manifest and not a patch."""
    return manifest not in manifests(FOLDER / "gpu" / "worker.yaml")


@pytest.mark.parametrize("version", [OLDEST, NEWEST], ids=["oldest", "newest"])
@pytest.mark.parametrize(
    "manifest",
    [one for one in ALL if whole(one) and not is_keda(one)],
    ids=lambda one: f"{one['kind']}-{one['metadata']['name']}",
)
def test_a_manifest_matches_the_schema_of_kubernetes(manifest: Manifest, version: str) -> None:
    validate(manifest, version)


def test_an_unknown_field_of_a_manifest_is_reported() -> None:
    wrong = {**of_kind("Service")["lookalike-api"], "specs": {}}
    with pytest.raises(AssertionError, match="specs"):
        validate(wrong, NEWEST)


@pytest.mark.parametrize("folder", ["base", "gpu"])
def test_a_kustomization_lists_every_file_and_no_other(folder: str) -> None:
    kustomization = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text())
    listed = [*kustomization["resources"], *(patch["path"] for patch in kustomization.get("patches", []))]
    assert sorted(listed) == sorted({path.name for path in FILES if path.parent.name == folder} | base_of(folder))
    assert "namespace" not in kustomization and all("namespace" not in one["metadata"] for one in ALL)


def base_of(folder: str) -> set[str]:
    return set() if folder == "base" else {"../base"}


@pytest.mark.parametrize("name", WITH_PODS)
def test_a_pod_is_locked_down(name: str) -> None:
    pod = pod_of(WITH_PODS[name])
    secure = pod["securityContext"]
    assert secure["runAsNonRoot"] is True and secure["runAsUser"] == 10001
    assert secure["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False
    for container in pod["containers"]:
        locked = container["securityContext"]
        assert locked["readOnlyRootFilesystem"] is True and locked["allowPrivilegeEscalation"] is False
        assert locked["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["requests"] and container["resources"]["limits"]["memory"]
        assert all(mount["name"] == "tmp" or mount["readOnly"] for mount in container["volumeMounts"])
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize("name", WITH_PODS)
def test_a_pod_runs_the_same_command_as_docker_compose(name: str) -> None:
    (container,) = pod_of(WITH_PODS[name])["containers"]
    service = COMPOSED[component(WITH_PODS[name])]
    assert container["image"] == service.definition["image"]
    assert container["args"] == service.command and "command" not in container
    secrets = {variable["name"] for variable in container["env"]}
    composed = {variable for variable in service.environment if variable not in literals()}
    # In a cluster the broker has TLS.
    assert secrets == composed - {"LOOKALIKE_INSECURE"}


def component(manifest: Manifest) -> str:
    return str(manifest["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"])


def pod_of(manifest: Manifest) -> Manifest:
    pod: Manifest = manifest["spec"]["template"]["spec"]
    return pod


def literals() -> dict[str, str]:
    """The content of the ConfigMap."""
    (generator,) = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())["configMapGenerator"]
    assert generator["name"] == "lookalike"
    return dict(literal.split("=", 1) for literal in generator["literals"])


def test_every_variable_is_a_known_setting() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {"FLOWER_BASIC_AUTH"}
    named = {variable["name"] for one in WITH_PODS.values() for variable in pod_of(one)["containers"][0]["env"]}
    assert named | set(literals()) <= known


def test_passwords_come_from_the_secret_in_the_example() -> None:
    (example,) = manifests(FOLDER / "examples" / "secret.yaml")
    references = [
        variable["valueFrom"]["secretKeyRef"]
        for one in WITH_PODS.values()
        for variable in pod_of(one)["containers"][0]["env"]
    ]
    references += of_kind("TriggerAuthentication")["lookalike-redis"]["spec"]["secretTargetRef"]
    assert {reference["name"] for reference in references} == {example["metadata"]["name"]}
    assert {reference["key"] for reference in references} == set(example["stringData"])
    assert of_kind("Secret") == {}


@pytest.mark.parametrize("name", WITH_PODS)
def test_a_pod_has_the_users_that_its_service_has_in_docker_compose(name: str) -> None:
    (example,) = manifests(FOLDER / "examples" / "secret.yaml")
    composed = COMPOSED[component(WITH_PODS[name])].environment
    for variable in pod_of(WITH_PODS[name])["containers"][0]["env"]:
        if variable["name"].endswith("_URL"):
            url = example["stringData"][variable["valueFrom"]["secretKeyRef"]["key"]]
            assert urlsplit(url).username == urlsplit(composed[variable["name"]]).username


def test_probes_match_the_health_checks_of_docker_compose() -> None:
    worker, api, flower = (
        pod_of(WITH_PODS[f"lookalike-{name}"])["containers"][0] for name in ("worker", "api", "flower")
    )
    for probe in ("startupProbe", "livenessProbe"):
        assert worker[probe]["exec"]["command"] == COMPOSED["worker"].health
    assert f":8000{api['readinessProbe']['httpGet']['path']}'" in COMPOSED["api"].health[-1]
    assert api["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert f":5555{flower['readinessProbe']['httpGet']['path']}'" in COMPOSED["flower"].health[-1]


def test_every_selector_matches_a_pod() -> None:
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in WITH_PODS.values()]
    for selector in selectors():
        assert any(selector.items() <= one.items() for one in labels), selector
    for deployment in of_kind("Deployment").values():
        wanted = deployment["spec"]["selector"]["matchLabels"]
        assert sum(wanted.items() <= one.items() for one in labels) == 1


def selectors() -> Iterator[dict[str, str]]:
    for kind in ("PodDisruptionBudget", "Deployment"):
        yield from (one["spec"]["selector"]["matchLabels"] for one in of_kind(kind).values())
    yield from (one["spec"]["selector"] for one in of_kind("Service").values())
    yield from (one["spec"]["podSelector"]["matchLabels"] for one in of_kind("NetworkPolicy").values())


def test_traffic_that_no_policy_allows_is_denied() -> None:
    policies = of_kind("NetworkPolicy")
    denied = policies.pop("lookalike-deny")["spec"]
    assert set(denied["policyTypes"]) == {"Ingress", "Egress"} and not {"ingress", "egress"} & set(denied)
    assert all(
        denied["podSelector"]["matchLabels"].items() <= one["spec"]["template"]["metadata"]["labels"].items()
        for one in WITH_PODS.values()
    )
    rules = [rule for one in policies.values() for way in ("ingress", "egress") for rule in one["spec"].get(way, [])]
    assert rules and all(rule.get("ports") for rule in rules)
    (ingress,) = [one for one in policies.values() if "ingress" in one["spec"]]
    assert all(rule["from"] for rule in ingress["spec"]["ingress"])


def test_a_stopped_worker_has_time_to_finish_its_chunks() -> None:
    grace_s = pod_of(WITH_PODS["lookalike-worker"])["terminationGracePeriodSeconds"]
    assert grace_s >= make_app("redis://localhost").conf.worker_soft_shutdown_timeout + 30


def test_workers_scale_with_the_queue_and_scale_down_after_their_chunks_are_done() -> None:
    spec = of_kind("ScaledObject")["lookalike-worker"]["spec"]
    fits(spec, SCALED)
    (trigger,) = spec["triggers"]
    fits(trigger, TRIGGER)
    assert trigger["metadata"]["listName"] == KEY_PREFIX + QUEUE
    assert trigger["authenticationRef"]["name"] in of_kind("TriggerAuthentication")
    assert spec["scaleTargetRef"]["name"] in of_kind("Deployment")
    assert "replicas" not in of_kind("Deployment")["lookalike-worker"]["spec"]
    assert 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
    down = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    assert down["stabilizationWindowSeconds"] > TIME_LIMIT_S
    assert down["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 60}]


def test_keda_gets_the_address_of_redis_in_known_parameters() -> None:
    spec = of_kind("TriggerAuthentication")["lookalike-redis"]["spec"]
    for reference in spec["secretTargetRef"]:
        fits(reference, PARAMETER)
    assert {reference["parameter"] for reference in spec["secretTargetRef"]} == {"address", "username", "password"}


def fits(value: Any, shape: Any) -> None:
    """Check that `value` has exactly these fields, with these types."""
    if isinstance(shape, dict):
        assert set(value) == set(shape)
        for name, part in shape.items():
            fits(value[name], part)
    else:
        assert isinstance(value, shape), f"{value!r} is not of type {shape.__name__}"
