"""The files for Heroku, Railway, Render, Fly.io, containers, Kubernetes and systemd match what the bot accepts."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from bot.__main__ import argument_parser
from bot.app.operator_pages import pages_of
from bot.settings import Settings, load_settings
from tests.deploy import targets
from tests.deploy.targets import ROOT, FileValue

SETTINGS = {str(field.alias) for field in Settings.model_fields.values()}
OF_PYTHON = {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
PROGRAMS = (["python", "-m", "bot"], ["/opt/turso-ops/bin/turso-ops"])
SERVICES = targets.COMPOSE["services"]
(PORT,) = (int(found) for found in re.findall(r"PORT=(\d+)", targets.DOCKERFILE))
VERSION = (ROOT / ".python-version").read_text().strip()


@pytest.mark.parametrize("found", list(targets.commands()), ids=lambda found: found.file)
def test_every_command_line_is_valid_for_the_bot(found: FileValue) -> None:
    words = shlex.split(found.value)
    program = next(one for one in PROGRAMS if words[: len(one)] == one)

    argument_parser().parse_args(words[len(program) :])


def test_every_variable_is_a_setting() -> None:
    assert [found for found in targets.variables() if found.value not in SETTINGS | OF_PYTHON] == []


def test_every_probe_requests_a_page_that_the_bot_serves() -> None:
    pages = pages_of(cast(Any, None))

    assert [found for found in targets.probes() if found.value not in pages] == []


def test_every_target_that_is_reached_over_http_runs_a_process_that_listens() -> None:
    listening = {found.file for found in targets.commands() if " serve" in found.value}

    assert {
        "Procfile web",
        "railway",
        "render",
        "fly web",
        "compose web",
        "Dockerfile",
        "kubernetes",
        "systemd",
    } <= listening


def test_every_target_that_names_a_port_names_the_port_of_the_image() -> None:
    assert f"EXPOSE {PORT}" in targets.DOCKERFILE
    assert targets.FLY["http_service"]["internal_port"] == PORT
    assert [pod["ports"] for pod in targets.containers()] == [[{"name": "http", "containerPort": PORT}]] * 2
    assert targets.COMPOSE["services"]["web"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]


def test_every_process_of_a_container_answers_probes_on_the_images_port() -> None:
    """Processes that don't serve Slack over HTTP have a port for their health, which the image's health check uses."""
    silent = [found for found in targets.commands() if re.search(r" (worker|socket)\b", found.value)]
    inside = [found for found in silent if found.file.startswith(("compose", "kubernetes"))]

    assert len(inside) == 4
    assert [found for found in inside if not found.value.endswith(f"--health-port {PORT}")] == []
    assert not any(
        "disable" in service.get("healthcheck", {}) for name, service in SERVICES.items() if name != "upgrade"
    )
    assert all({"startupProbe", "livenessProbe", "readinessProbe"} <= set(pod) for pod in targets.containers())


def test_both_stages_of_the_image_have_the_python_of_the_project() -> None:
    bases = re.findall(r"^FROM python:(\S+?)-slim-(\w+)", targets.DOCKERFILE, re.MULTILINE)

    assert bases == [(VERSION, "trixie")] * 2


def test_a_platform_that_assigns_a_port_reaches_the_bot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"SLACK_BOT_TOKEN": "xoxb-1", "TURSO_API_TOKEN": "t", "TURSO_ORGANIZATION": "acme"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HOST", raising=False)
    monkeypatch.delenv("PORT", raising=False)
    (tmp_path / ".env").write_text("PORT=5005\n")
    assert load_settings().host == "127.0.0.1"

    monkeypatch.setenv("PORT", "5005")
    assert load_settings().host == "0.0.0.0"
    monkeypatch.setenv("HOST", "127.0.0.1")
    assert load_settings().host == "127.0.0.1"


# -- containers


def test_the_image_has_only_allowed_files_and_locked_packages_and_does_not_run_as_root() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", targets.DOCKERFILE, re.MULTILINE)

    assert {name for line in copied for name in line.split()} == allowed
    assert all((ROOT / name).exists() for name in allowed)
    assert re.search(r"^USER (\d+):\d+$", targets.DOCKERFILE, re.MULTILINE)[1] != "0"  # type: ignore[index]
    assert "--require-hashes" in targets.DOCKERFILE


def test_the_compose_file_matches_the_specification(tmp_path: Path) -> None:
    (wrong := tmp_path / "compose.yaml").write_text("services: {web: {imagine: turso-ops}}\n")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    checked = [
        subprocess.run([*command, file], capture_output=True, text=True)
        for file in (ROOT / "deploy/compose.yaml", wrong)
    ]

    assert [one.returncode for one in checked] == [0, 1], checked[0].stdout


def test_every_bot_in_the_compose_file_has_a_read_only_file_system_and_no_capabilities() -> None:
    bots = [one for one in targets.COMPOSE["services"].values() if one["image"] == "turso-ops"]

    assert len(bots) == 4
    for bot in bots:
        assert bot["read_only"]
        assert bot["cap_drop"] == ["ALL"]
        assert bot["security_opt"] == ["no-new-privileges:true"]
        assert set(bot["secrets"]) <= set(targets.COMPOSE["secrets"])
        assert set(bot.get("depends_on", {})) <= set(targets.COMPOSE["services"])


# -- Kubernetes


@pytest.mark.parametrize("variant", ["base", "socket"])
def test_kustomize_builds_each_variant(variant: str) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl isn't installed: the tests above and below read the same files without it")

    ran = subprocess.run(["kubectl", "kustomize", targets.KUBERNETES / variant], capture_output=True, text=True)

    assert ran.returncode == 0, ran.stderr
    kinds = [one["kind"] for one in yaml.safe_load_all(ran.stdout)]
    assert kinds.count("Deployment") == kinds.count("PodDisruptionBudget") == kinds.count("ConfigMap") == 2
    assert ("Service" in kinds) == (variant == "base")


def test_every_resource_is_listed_and_every_selector_finds_its_pods() -> None:
    base = yaml.safe_load((targets.KUBERNETES / "base/kustomization.yaml").read_text())
    named = {*base["resources"], "kustomization.yaml", "policy.yaml"}
    assert named == {path.name for path in (targets.KUBERNETES / "base").iterdir()}

    labels = [pod["spec"]["template"]["metadata"]["labels"] for pod in targets.PODS]
    assert [pod["spec"]["selector"]["matchLabels"] for pod in targets.PODS] == labels
    budgets = yaml.safe_load_all((targets.KUBERNETES / "base/disruption-budget.yaml").read_text())
    assert [budget["spec"]["selector"]["matchLabels"] for budget in budgets] == labels
    service = yaml.safe_load((targets.KUBERNETES / "base/service.yaml").read_text())
    assert service["spec"]["selector"] == labels[0]


def test_every_pod_runs_without_root_on_a_read_only_file_system_with_secrets_as_files() -> None:
    for pod, container in zip(targets.PODS, targets.containers(), strict=True):
        spec = pod["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert not [mount for mount in container["volumeMounts"] if "subPath" in mount], (
            "with subPath, a mounted file would never be updated"
        )
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert set(mounts) == {volume["name"] for volume in spec["volumes"]}
        values = {variable["name"]: variable["value"] for variable in container["env"]}
        assert values == {"SECRETS_DIR": mounts["secrets"], "POLICY_FILE": f"{mounts['policy']}/policy.yaml"}


def test_secrets_are_read_from_a_folder_as_kubernetes_mounts_it(tmp_path: Path) -> None:
    folder = mount(tmp_path, "1", SLACK_BOT_TOKEN="xoxb-1", TURSO_API_TOKEN="t", DATABASE_URL="postgresql://u:p@db/x")

    settings = load_settings({"SECRETS_DIR": str(folder), "TURSO_ORGANIZATION": "acme"})

    assert settings.slack_bot_token.get_secret_value() == "xoxb-1"
    assert settings.database_url.get_secret_value() == "postgresql://u:p@db/x"


def mount(folder: Path, version: str, **files: str) -> Path:
    """Create files as Kubernetes mounts a Secret: links to a folder that a link `..data` points to."""
    (folder / f"..{version}").mkdir()
    for name, text in files.items():
        (folder / f"..{version}" / name).write_text(text)
        (folder / name).symlink_to(f"..data/{name}")
    (folder / "..data").symlink_to(f"..{version}")
    return folder


# -- systemd


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd isn't installed: the test below reads the same unit without it")
    unit = tmp_path / "turso-ops.service"
    unit.write_text(targets.UNIT.replace("/opt/turso-ops/bin/turso-ops", sys.executable))

    ran = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)

    assert "turso-ops.service" not in ran.stderr, ran.stderr


def test_the_unit_gets_its_secrets_as_credentials_and_restarts_unless_a_setting_is_wrong() -> None:
    assert [line.partition(":")[0] for line in targets.directives("LoadCredential")] == [
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "TURSO_API_TOKEN",
    ]
    assert "SECRETS_DIR=%d" in targets.directives("Environment")
    assert targets.directives("Restart") == ["on-failure"]
    assert targets.directives("RestartPreventExitStatus") == ["2"]
