"""Parses the deployment files, and lists their command lines, variables and probe paths."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy/kubernetes"
UNIT = (ROOT / "deploy/systemd/turso-ops.service").read_text()


class FileValue(NamedTuple):
    """One value in a deployment file."""

    file: str
    value: str


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


HEROKU: dict[str, Any] = json.loads((ROOT / "app.json").read_text())
RAILWAY: dict[str, Any] = json.loads((ROOT / "deploy/railway.json").read_text())
RENDER: dict[str, Any] = _yaml("deploy/render.yaml")
FLY: dict[str, Any] = tomllib.loads((ROOT / "deploy/fly.toml").read_text())
COMPOSE: dict[str, Any] = _yaml("deploy/compose.yaml")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PODS: list[dict[str, Any]] = [_yaml(f"deploy/kubernetes/base/{name}.yaml") for name in ("web", "worker")]
PROCFILE = dict(re.findall(r"^(\w+): (.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE))


def containers() -> list[dict[str, Any]]:
    """Return the only container of each pod of the Kubernetes base."""
    found = [pod["spec"]["template"]["spec"]["containers"] for pod in PODS]
    assert all(len(one) == 1 for one in found)
    return [container for one in found for container in one]


def directives(name: str) -> list[str]:
    """Return the values of a directive of the systemd unit."""
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def commands() -> Iterator[FileValue]:
    """Yield every command line of the bot, including those that run before a deployment."""
    for name, line in PROCFILE.items():
        yield FileValue(f"Procfile {name}", line)
    yield FileValue("railway", RAILWAY["deploy"]["startCommand"])
    for line in RAILWAY["deploy"]["preDeployCommand"]:
        yield FileValue("railway before", line)
    for service in RENDER["services"]:
        yield FileValue("render", service["startCommand"])
        yield FileValue("render before", service["preDeployCommand"])
    yield FileValue("fly before", FLY["deploy"]["release_command"])
    for name, line in FLY["processes"].items():
        yield FileValue(f"fly {name}", line)
    for name, service in COMPOSE["services"].items():
        if "command" in service:
            yield FileValue(f"compose {name}", shlex.join(service["command"]))
    (cmd,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    yield FileValue("Dockerfile", shlex.join(json.loads(cmd)))
    for container in containers():
        yield FileValue("kubernetes", shlex.join([*container["command"], *container["args"]]))
    socket = yaml.safe_load((KUBERNETES / "socket/kustomization.yaml").read_text())["patches"][1]["patch"]
    yield FileValue("kubernetes socket", shlex.join(["python", "-m", "bot", *yaml.safe_load(socket)[0]["value"]]))
    for line in directives("ExecStart"):
        yield FileValue("systemd", line)


def variables() -> Iterator[FileValue]:
    """Yield the name of every setting that the bot gets, as an environment variable or as a secret file."""
    for name in HEROKU["env"]:
        yield FileValue("heroku", name)
    for service in RENDER["services"]:
        for variable in service["envVars"]:
            yield FileValue("render", variable["key"])
    for name in FLY["env"]:
        yield FileValue("fly", name)
    for name in [
        *COMPOSE["x-bot"]["environment"],
        *COMPOSE["x-bot"]["secrets"],
        *COMPOSE["services"]["socket"]["secrets"],
    ]:
        yield FileValue("compose", name)
    for name in re.findall(r"^(?:ENV |    )([A-Z_]+)=", DOCKERFILE, re.MULTILINE):
        yield FileValue("Dockerfile", name)
    for container in containers():
        for variable in container["env"]:
            yield FileValue("kubernetes", variable["name"])
    base = yaml.safe_load((KUBERNETES / "base/kustomization.yaml").read_text())
    for generator in base["configMapGenerator"]:
        for literal in generator.get("literals", []):
            yield FileValue("kubernetes", literal.partition("=")[0])
    for line in directives("Environment"):
        yield FileValue("systemd", line.partition("=")[0])
    for line in directives("LoadCredential"):
        yield FileValue("systemd", line.partition(":")[0])


def probes() -> Iterator[FileValue]:
    """Yield the path of every probe."""
    yield FileValue("railway", RAILWAY["deploy"]["healthcheckPath"])
    yield FileValue("render", RENDER["services"][0]["healthCheckPath"])
    for check in FLY["http_service"]["checks"]:
        yield FileValue("fly", check["path"])
    for container in containers():
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            if name in container:
                yield FileValue(f"kubernetes {name}", container[name]["httpGet"]["path"])
    for path in re.findall(r"'(/\w+)'", DOCKERFILE):
        yield FileValue("Dockerfile", path)
