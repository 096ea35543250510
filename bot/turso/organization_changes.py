"""The endpoint that changes the organization."""

from bot.turso import answers
from bot.turso.calls import read_body
from bot.turso.errors import OutcomeUnknown
from bot.turso.models import Organization
from bot.turso.usage import ORGANIZATION, UsageEndpoints


class OrganizationChanges(UsageEndpoints):
    """Methods that change the organization: its overages."""

    async def set_overages(self, *, on: bool) -> Organization:
        """Allow usage beyond the plan's quotas, which costs money, or block it again. Return the organization.

        Affects every database of the organization.

        Raises:
            TursoForbidden: the API token isn't allowed to change the organization (403).
            PlanLacksFeature: the plan has no overages (402).
            NotSent: nothing was changed.
            OutcomeUnknown: it may have been changed.
            TursoUnavailable: (any other) it was changed, but neither the response nor the organization can be read.
        Source: https://docs.turso.tech/api-reference/organizations/update
        """
        body = await self._change("PATCH", ORGANIZATION, {}, body={"overages": on})
        try:
            return read_body(answers.organization, body, writes=True)
        except OutcomeUnknown:  # the status showed success, so only the body is unreadable
            return await self.organization_details()
