"""The alerts and the dashboard query only metrics and labels that a process exports."""

import json
import re
from collections.abc import Iterator

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.app.metrics import Metrics
from tests.docs.pages import DOCS, ROOT

RULES = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text(encoding="utf-8"))
NAME = re.compile(r"\b(?:turso_ops|process)_[a-z_]+\b")
BY = re.compile(r"\bby \(([^)]*)\)")
LEGEND = re.compile(r"\{\{ *(?:\$labels\.)?(\w+) *\}\}")
OF_PROMETHEUS = {"instance", "job", "le"}


def exported() -> dict[str, set[str]]:
    """Return every series with its labels, from a process that has recorded each metric."""
    metrics = Metrics()
    metrics.command("list", "answered", 0.1)
    metrics.request("succeeded")
    metrics.turso("GET", "/v1/organizations", 200, 0.1)
    metrics.slack("chat.postMessage", "ok", 0.1)
    metrics.ack(0.1)
    metrics.fault("execute")
    metrics.background_failed("sweep")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


EXPORTED = exported()


def queries() -> Iterator[tuple[str, str, str]]:
    """Yield the title, the query and the texts of each alert and of each line in a panel."""
    for rule in RULES:
        yield rule["alert"], rule["expr"], " ".join(rule["annotations"].values())
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]


QUERIES = [pytest.param(query, text, id=f"{number}: {title}") for number, (title, query, text) in enumerate(queries())]


@pytest.mark.parametrize(("query", "text"), QUERIES)
def test_a_query_uses_exported_series(query: str, text: str) -> None:
    names = set(NAME.findall(query))
    assert names <= EXPORTED.keys()
    assert names or "up{" in query
    labels = OF_PROMETHEUS.union(*(EXPORTED[name] for name in names))
    asked = {label.strip() for group in BY.findall(query) for label in group.split(",")}
    asked |= set(re.findall(r"(\w+)(?:=~|!=|=)\"", query))
    assert asked <= labels
    assert set(LEGEND.findall(text)) <= labels
    assert query.count("(") == query.count(")")
    assert query.count("{") == query.count("}")


def test_every_metric_of_the_bot_is_used_in_an_alert_or_a_panel() -> None:
    asked = {name for _, query, _ in queries() for name in NAME.findall(query)}
    stems = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked}

    ours = {re.sub(r"_(bucket|count|sum)$", "", name) for name in EXPORTED if name.startswith("turso_ops_")}
    assert ours == {name for name in stems if name.startswith("turso_ops_")}


def test_the_build_and_the_process_have_series_and_no_created_series_is_exported() -> None:
    assert not [name for name in EXPORTED if name.endswith("_created")]
    assert EXPORTED["turso_ops_build_info"] == {"version", "python"}
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"} <= EXPORTED.keys()


def test_every_alert_has_a_severity_a_summary_and_a_valid_duration() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")
        assert "for" not in rule or re.fullmatch(r"\d+m", rule["for"])


def test_the_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not own & taken
        assert at["x"] + at["w"] <= 24
        taken |= own
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_documentation_names_the_alert_rules_and_the_dashboard() -> None:
    page = (DOCS / "reference/metrics.md").read_text(encoding="utf-8")

    assert "deploy/prometheus/alerts.yaml" in page
    assert "deploy/grafana/dashboard.json" in page
