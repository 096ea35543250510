"""Logs a warning for each token that the policy needs and this process doesn't have, or can't use."""

import structlog

from bot.app.turso_clients import TursoClients
from bot.core.oncall import Schedule
from bot.core.policy import Policy
from bot.settings import BadSettings, Settings

log = structlog.get_logger(__name__)

UNUSABLE = "a token that the policy needs can't be used"


async def follow_policy(settings: Settings, turso_clients: TursoClients, policy: Policy) -> None:
    """Open the Turso clients of a new policy, and log tokens that are missing or malformed. It is used nevertheless."""
    await turso_clients.follow(policy)
    warn_about_tokens(settings, policy)


def warn_about_tokens(settings: Settings, policy: Policy) -> None:
    """Log a line for each organization and on-call service without a usable token. It never quotes a value."""
    for organization, variable in sorted(policy.organizations.items()):
        try:
            settings.token_of(variable)
        except BadSettings as error:
            log.warning(UNUSABLE, organization=organization, why=str(error))
    for provider in sorted({Schedule.of(key).provider for key in policy.groups - policy.usergroups}):
        if provider.name not in settings.on_call_services:
            why = f"The policy names a schedule of {provider.label}, but {provider.name}_API_TOKEN isn't set."
            log.warning(UNUSABLE, on_call=provider.label, why=why)
