"""Creates an adapter for each on-call service that has a token, and checks the schedules for `doctor`."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from bot.app.policy_book import PolicyBook
from bot.blocks.text import counted
from bot.core.ports import Clock
from bot.errors import BotError
from bot.oncall import OnCallUnavailable, Schedules
from bot.oncall.calls import Observer
from bot.oncall.incident_io import IncidentIo
from bot.oncall.opsgenie import Opsgenie
from bot.oncall.pagerduty import PagerDuty
from bot.settings import Settings


class UnreachableOnCall(BotError):
    """Raised by the check if a schedule can't be read, or if somebody on call couldn't approve."""


@asynccontextmanager
async def on_call_schedules(
    settings: Settings, book: PolicyBook, clock: Clock, observer: Observer
) -> AsyncIterator[Schedules]:
    """Yield the lookup of schedules. Closes its connections on exit."""
    makers: Mapping[str, Callable[..., PagerDuty | Opsgenie | IncidentIo]] = {
        "PAGERDUTY": PagerDuty,
        "OPSGENIE": Opsgenie,
        "INCIDENT_IO": partial(IncidentIo, now=clock.now),
    }
    async with AsyncExitStack() as stack:
        given = settings.on_call_services.items()
        adapters = [makers[name](url, token, observer=observer) for name, (token, url) in given]
        for one in adapters:
            await stack.enter_async_context(one.calls)
        yield Schedules(adapters, lambda: book.policy.oncall_users)


async def check_on_call(book: PolicyBook, schedules: Schedules) -> str:
    """Check that every schedule of the policy can be read, and that everybody on call has a Slack ID in the policy.

    Raises:
        UnreachableOnCall: a schedule can't be read, or somebody on call has no Slack ID in the policy. The message
            names them.
    """
    keys = sorted(book.policy.groups - book.policy.usergroups)
    wrong = []
    for key in keys:
        try:
            _, unknown = await schedules.look_up(key, fresh=True)
        except OnCallUnavailable as error:
            wrong.append(f"`{key}`: {str(error).rstrip('.')}")
            continue
        if unknown:
            ids = ", ".join(f"`{one}`" for one in unknown)
            wrong.append(f"`{key}`: {ids} {'has' if len(unknown) == 1 else 'have'} no Slack ID in `oncall_users`")
    if wrong:
        raise UnreachableOnCall(f"Some people on call can't approve: {'; '.join(wrong)}.")
    if not keys:
        return "The policy names no on-call schedules."
    return f"{counted(len(keys), 'on-call schedule')} can be read."
