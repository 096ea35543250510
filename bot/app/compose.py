"""Puts one process together from all packages, and shuts it down."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import structlog
from slack_bolt.async_app import AsyncApp

from bot.app.audit_stream.stream import audit_stream, stream_of
from bot.app.clock import clock_of
from bot.app.credential_checks import CHECK_EVERY as CHECK_SIGNATURES_EVERY
from bot.app.credential_checks import LOOP, CredentialChecks, Signatures
from bot.app.health import Health
from bot.app.heartbeat import EVERY_SECONDS, Heartbeat
from bot.app.maintenance import Maintenance
from bot.app.metrics import Metrics
from bot.app.on_call import check_on_call, on_call_schedules
from bot.app.policy_book import CHECK_EVERY, REPORT_EVERY, PolicyBook
from bot.app.policy_changes import PolicyChanges
from bot.app.policy_tokens import follow_policy
from bot.app.readiness import Readiness
from bot.app.store_start import prepare_store
from bot.app.tracing import Instruments, NoInstruments
from bot.app.turso_clients import TursoClients
from bot.app.workflow_steps import WorkSteps
from bot.commands import CATALOGUE, COMMANDS
from bot.core.concurrency.background import Background
from bot.core.parsing.grammar import Grammar
from bot.core.policy import Policy
from bot.core.ports import Clock
from bot.core.redaction.egress import is_recognizable, recognizable
from bot.durable.durable import Durable
from bot.durable.queue import Queue
from bot.errors import BotError
from bot.pipeline.dispatch.dispatcher import Dispatcher
from bot.pipeline.environment import Environment
from bot.settings import Settings
from bot.settings.proxies import passwords
from bot.slack.background_tasks import TaskKeeper
from bot.slack.incoming.bolt import create_bolt
from bot.slack.incoming.listeners import Listeners
from bot.slack.lookups.directory import SlackDirectory
from bot.slack.lookups.installation import Workspace
from bot.slack.outgoing.delivery import Delivery
from bot.slack.outgoing.response_urls import ResponseUrls
from bot.slack.outgoing.web_api import SlackCalls, new_session, web_client
from bot.store.connections.failures import describe_failure
from bot.store.connections.urls import Places, place_of, places_of
from bot.store.store import SqlStore, open_store

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 8.0
SECRET_NAMES = ("TOKEN", "KEY", "SECRET", "PASSWORD")
"""A variable to which a policy may refer (`env:TURSO_…`) is a secret if its name ends like this."""


@dataclass(frozen=True, slots=True)
class Bot:
    """The parts of one process."""

    settings: Settings
    env: Environment
    path: Dispatcher
    bolt: AsyncApp
    calls: SlackCalls
    tasks: TaskKeeper
    workspace: Workspace
    health: Health
    readiness: Readiness
    metrics: Metrics
    store: SqlStore
    background: Background
    signatures: Signatures


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    clock: Clock | None = None,
    executes: bool = True,
    upgrade: bool = True,
    counts: bool = True,
    waits: float = 0.0,
    traces: Instruments | None = None,
) -> AsyncIterator[Bot]:
    """Build the bot. On exit, wait for running work and close every connection.

    Args:
        clock: the clock to use. By default, the machine's clock, or the clock file if the settings name one.
        executes: whether it also does durable work. A process can have one such bot.
        counts: whether to register this process in the store for `doctor`, and to record policy changes.
        upgrade: whether to upgrade the store first. Otherwise it must be current.
        waits: how many seconds to wait until the store can be reached.
        traces: what records the spans of this process.
    Raises:
        BotError: the policy file doesn't validate, or the store can't be opened.
    """
    clock, traces = clock or clock_of(settings.clock_file), traces or NoInstruments()
    database, places = settings.database_url.get_secret_value(), places_of_settings(settings)
    await prepare_store(places, upgrades=upgrade, within=waits)
    metrics = Metrics()
    signatures = Signatures()
    background = Background(metrics.background_failed)
    book = PolicyBook(settings.policy_file, settings.turso_organization, CATALOGUE)
    metrics.follow_policy(lambda: book.age_seconds, lambda: book.problem is None)
    async with AsyncExitStack() as stack:
        turso_clients = await stack.enter_async_context(TursoClients(settings, metrics.turso, traces.follow_turso))
        follow = partial(follow_policy, settings, turso_clients)
        await book.apply_changes(follow)
        session = await stack.enter_async_context(new_session(traces.slack_calls()))
        token = settings.slack_bot_token.get_secret_value()
        calls = SlackCalls(web_client(session, token, settings.slack_api_url, metrics.slack), metrics.slack)
        describe = partial(describe_failure, setting=places.direct.setting)
        queue = Queue(places.direct.for_dbos, describe)
        stack.push_async_callback(queue.close)
        store = await stack.enter_async_context(
            open_store(
                database,
                clock,
                enqueuer=queue,
                background=background,
                pool_size=settings.database_pool_size,
                timeout=settings.database_timeout,
                pooled=places.is_pooled,
            )
        )
        traces.follow_store(store.database.engines)
        workspace, urls, tasks = Workspace(calls), ResponseUrls(settings.slack_api_url), TaskKeeper()
        schedules = await stack.enter_async_context(on_call_schedules(settings, book, clock, metrics.on_call))
        directory = SlackDirectory(calls, workspace, schedules=schedules)
        messenger = Delivery(calls, urls, secrets=_secrets(settings))
        heartbeat = Heartbeat(store, book, background)
        app_token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else ""
        credentials = CredentialChecks(calls, app_token, heartbeat.failing)
        health = Health(
            store,
            clock,
            workspace,
            directory,
            book,
            turso_clients,
            queue,
            heartbeat,
            credentials,
            partial(check_on_call, book, schedules),
            stream_of(settings),
            describe_place(settings),
        )
        env = Environment(
            clock=clock,
            store=store,
            directory=directory,
            messenger=messenger,
            rules=book,
            turso_clients=turso_clients,
            observer=metrics,
            commands=COMMANDS,
            grammar=Grammar(COMMANDS),
            health=health.doctor,
            secrets=recognizable(_secrets(settings)),
            traces=traces,
        )
        stack.push_async_callback(env.watches.close)
        path = Dispatcher(env)
        listeners = Listeners(
            path,
            messenger,
            clock=clock,
            tasks=tasks,
            urls=urls,
            workspace=workspace,
            directory=directory,
            secrets=_secrets(settings),
        )
        bolt = create_bolt(listeners.handler_of, workspace)
        maintenance = Maintenance(env, store, queue, settings.retention_days)

        changes = PolicyChanges(env, store)

        async def report(old: Policy | None, new: Policy) -> None:
            await heartbeat.write()
            await changes.record(old, new)

        durable: Durable | None = None
        if executes:
            work = WorkSteps(env)
            durable = Durable(
                places.direct.for_dbos,
                store=store,
                work=work,
                resume=path.resume,
                clock=clock,
                queue=queue,
                background=background,
                pool_size=settings.database_durable_pool_size,
                describe=describe,
            )
            stack.push_async_callback(durable.close)
            await durable.launch()
            for loop in maintenance.start(background):
                stack.push_async_callback(loop.stop)
            await stack.enter_async_context(audit_stream(settings, store, clock, background, heartbeat.id))
        # Start this after durable work, so that it stops first: stopping durable work shuts down the threads it uses.
        watch = background.start("policy watch", lambda: book.apply_changes(follow), every=CHECK_EVERY)
        stack.push_async_callback(watch.stop)
        if counts:
            stack.push_async_callback(heartbeat.delete)  # runs once the loops that write the row have stopped
            reports = background.start("policy changes", lambda: book.report_changes(report), every=REPORT_EVERY)
            stack.push_async_callback(reports.stop)
            stack.push_async_callback(background.start(LOOP, signatures.check, every=CHECK_SIGNATURES_EVERY).stop)
            stack.push_async_callback(background.start("presence", heartbeat.write, every=EVERY_SECONDS).stop)
        stack.push_async_callback(background.start("open Homes", path.homes.redraw_due).stop)
        stack.push_async_callback(tasks.drain, DRAIN_SECONDS)
        await _look_up_installation(workspace)
        readiness = health.readiness(lambda: durable.trouble if durable else "")
        stack.push_async_callback(readiness.close)
        yield Bot(
            settings,
            env,
            path,
            bolt,
            calls,
            tasks,
            workspace,
            health,
            readiness,
            metrics,
            store,
            background,
            signatures,
        )


async def _look_up_installation(workspace: Workspace) -> None:
    """Look up the installation once.

    If Slack doesn't respond, readiness reports that, and the first request tries again.
    """
    try:
        installation = await workspace.installation()
        log.info("installed", team=installation.team_id, bot=installation.bot_user_id)
    except BotError as error:
        log.error("the installation could not be looked up", why=str(error))


def _secrets(settings: Settings) -> tuple[str, ...]:
    return tuple(secret for secret in secrets_of(settings) if secret)


def describe_place(settings: Settings) -> str:
    """Return the path or the address of the store, without user and password."""
    return place_of(settings.database_url.get_secret_value()).address


def places_of_settings(settings: Settings) -> Places:
    """Return the store's database URLs. Raises BadDatabaseUrl."""
    direct = settings.database_direct_url
    return places_of(settings.database_url.get_secret_value(), direct.get_secret_value() if direct else None)


def secrets_of(settings: Settings) -> list[str]:
    """Return the secrets in the settings and the passwords of proxies. No log line or message may contain one."""
    named = _named_secrets(settings).values()
    places = places_of_settings(settings)
    passwords_found = {place.url.password for place in (places.requests, places.direct) if place.url.password}
    forms = [form for password in sorted(passwords_found) for form in (password, quote(password, safe=""))]
    # Match a password only between `:` and `@`, because it may be an ordinary word.
    signed = [f":{form}@" for form in (*forms, *passwords())]
    return [*named, *signed]


def unrecognizable(settings: Settings) -> list[str]:
    """Return the names of settings whose secrets are too short or too much like a word to be recognized in messages."""
    return sorted(name for name, value in _named_secrets(settings).items() if not is_recognizable(value))


def _named_secrets(settings: Settings) -> dict[str, str]:
    given = {
        "SLACK_BOT_TOKEN": settings.slack_bot_token,
        "SLACK_SIGNING_SECRET": settings.slack_signing_secret,
        "SLACK_SIGNING_SECRET_PREVIOUS": settings.slack_signing_secret_previous,
        "SLACK_APP_TOKEN": settings.slack_app_token,
        "TURSO_API_TOKEN": settings.turso_api_token,
        "AUDIT_STREAM": settings.audit_stream if settings.streams_to_url else None,
        "AUDIT_STREAM_SECRET": settings.audit_stream_secret,
        **{f"{name}_API_TOKEN": token for name, (token, _) in settings.on_call_services.items()},
    }
    found = {name: value for name, value in settings.sources.items() if name.endswith(SECRET_NAMES)}
    return found | {name: secret.get_secret_value() for name, secret in given.items() if secret}
