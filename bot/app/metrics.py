"""Prometheus metrics: commands by outcome, requests by state, calls by status."""

import math
import platform
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from bot import __version__


@dataclass(frozen=True, slots=True)
class Stored:
    """The store's figures at one moment, the same in every process. NaN for each that couldn't be read."""

    overdue: float = math.nan
    failing: float = math.nan
    undelivered: float = math.nan
    audit_entries: float = math.nan
    audit_lag: float = math.nan
    requests_open: float = math.nan
    workflows_stuck: float = math.nan


class Metrics:
    """The metrics registry of a process. Its methods are the observers of the other packages."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they would be a second series for each counter
        self.registry = here = CollectorRegistry()
        ProcessCollector(registry=here)
        build = Gauge(
            "turso_ops_build_info", "Always 1; its labels are the versions", ["version", "python"], registry=here
        )
        build.labels(__version__, platform.python_version()).set(1)
        self._commands = Counter(
            "turso_ops_commands",
            "Commands, clicks and forms by outcome",
            ["command", "outcome"],
            registry=here,
        )
        self._by_outcome: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._seconds = Histogram(
            "turso_ops_answer_seconds",
            "Time from acknowledging a command to answering it",
            ["command"],
            registry=here,
        )
        self._requests = Counter("turso_ops_requests", "Requests by the state they reach", ["state"], registry=here)
        self._turso = Counter("turso_ops_turso_calls", "Calls to Turso", ["method", "route", "status"], registry=here)
        self._slack = Counter("turso_ops_slack_calls", "Calls to Slack", ["method", "status"], registry=here)
        self._on_call = Counter(
            "turso_ops_oncall_calls", "Calls to services with on-call schedules", ["provider", "status"], registry=here
        )
        self._on_call_seconds = Histogram(
            "turso_ops_oncall_call_seconds", "How long calls to on-call services took", ["provider"], registry=here
        )
        self._turso_seconds = Histogram(
            "turso_ops_turso_call_seconds", "How long calls to Turso took", ["method", "route"], registry=here
        )
        self._slack_seconds = Histogram(
            "turso_ops_slack_call_seconds", "How long calls to Slack took", ["method"], registry=here
        )
        self._refused = Counter(
            "turso_ops_refused_signatures", "Requests rejected because of their signature", registry=here
        )
        self._slack_waits = Counter(
            "turso_ops_slack_wait_seconds", "Time waited for Slack's rate limits", registry=here
        )
        self._ack = Histogram(
            "turso_ops_ack_seconds",
            "Time between a request from Slack and its acknowledgement",
            registry=here,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
        )
        self._policy_age = Gauge("turso_ops_policy_age_seconds", "Age of the policy in force", registry=here)
        self._policy_valid = Gauge(
            "turso_ops_policy_file_valid", "1 if the current policy file is valid", registry=here
        )
        self._background = Counter(
            "turso_ops_background_failures", "Failed rounds of background loops", ["loop"], registry=here
        )
        self._faults = Counter(
            "turso_ops_faults", "Steps of requests that failed because of a bug in the bot", ["step"], registry=here
        )
        self._overdue = Gauge("turso_ops_timers_overdue", "Timers that are due but haven't fired", registry=here)
        self._failing = Gauge("turso_ops_timers_failing", "Timers that keep failing", registry=here)
        self._undelivered = Gauge(
            "turso_ops_outcomes_undelivered", "Outcomes, alerts and notices that reached no one", registry=here
        )
        self._audit = Gauge("turso_ops_audit_entries", "Entries in the audit log", registry=here)
        self._audit_lag = Gauge(
            "turso_ops_audit_stream_lag", "Audit entries that the stream's receiver doesn't have yet", registry=here
        )

        self._open = Gauge("turso_ops_requests_open", "Requests that haven't ended", registry=here)
        self._stuck = Gauge("turso_ops_workflows_stuck", "Workflows that have been running for too long", registry=here)

    def command(self, command: str, outcome: str, seconds: float) -> None:
        """Count one handled command, click or form, and record how long it took."""
        both = self._by_outcome.get((command, outcome))
        if both is None:
            both = self._commands.labels(command, outcome), self._seconds.labels(command)
            self._by_outcome[command, outcome] = both
        both[0].inc()
        both[1].observe(seconds)

    def request(self, state: str) -> None:
        """Count a request that has reached a state."""
        self._requests.labels(state).inc()

    def turso(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count a call to Turso. `status` is None if there was no response."""
        self._turso.labels(method, route, str(status or "none")).inc()
        self._turso_seconds.labels(method, route).observe(seconds)

    def slack(self, method: str, status: str, seconds: float) -> None:
        """Count a call to Slack by its outcome. For a rate limit, `seconds` is the wait, 0 for the last."""
        self._slack.labels(method, status).inc()
        if status == "ratelimited":
            self._slack_waits.inc(seconds)
        else:
            self._slack_seconds.labels(method).observe(seconds)

    def on_call(self, provider: str, status: int, seconds: float) -> None:
        """Count a call to a service with on-call schedules. `status` is 0 if there was no response."""
        self._on_call.labels(provider, str(status or "none")).inc()
        self._on_call_seconds.labels(provider).observe(seconds)

    def ack(self, seconds: float) -> None:
        """Record how long an acknowledgement took."""
        self._ack.observe(seconds)

    def refused_signature(self) -> None:
        """Count a request that was refused for its signature."""
        self._refused.inc()

    def follow_policy(self, age_seconds: Callable[[], float], valid: Callable[[], bool]) -> None:
        """Export the policy's age and validity, evaluated at each read of the metrics."""
        self._policy_age.set_function(age_seconds)
        self._policy_valid.set_function(lambda: float(valid()))

    def background_failed(self, loop: str) -> None:
        """Count a failed round of a background loop."""
        self._background.labels(loop).inc()

    def fault(self, step: str) -> None:
        """Count a step of a request that was given up because of a bug."""
        self._faults.labels(step).inc()

    def stored(self, found: Stored) -> None:
        """Set the store's figures before the metrics are read."""
        self._overdue.set(found.overdue)
        self._failing.set(found.failing)
        self._undelivered.set(found.undelivered)
        self._audit.set(found.audit_entries)
        self._audit_lag.set(found.audit_lag)
        self._open.set(found.requests_open)
        self._stuck.set(found.workflows_stuck)

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self.registry)
