"""Ninety days of organizations with seasons, growth, noise, gaps, restarts and a change of the clocks.

How forecasts are counted: each forecast except those of storage is one case, unless the simulation ends before its
outcome is known. It is right if the quota, without any intervention, was really used up between the first and the last
moment that it names. Nine of ten must be right.
"""

import pytest

from bot.core.alerts import AlertKind, AlertSubscription
from tests.core.alerts.simulation import Organization, coverage, mistakes, of_kind, watch
from tests.soak import LIMIT_SECONDS, soaked

WANTED = AlertSubscription("C0DBOPS", "acme", quota=(50, 80, 95), spike=5.0, forecast=True)
FORECASTS = range(soaked(40, 3))


@pytest.mark.parametrize("seed", range(100, 100 + soaked(16, 1)))
@pytest.mark.timeout(LIMIT_SECONDS)
def test_every_measured_spike_is_reported_once_and_no_alert_is_wrong_or_repeated(seed: int) -> None:
    organization = Organization.simulate(seed, quotas=True)

    bot = watch(organization, WANTED)

    assert mistakes(organization, bot.readings, bot.memory.posted) == []
    assert len(of_kind(bot.memory.posted, AlertKind.SPIKE)) >= len(organization.spikes) - 2
    assert of_kind(bot.memory.posted, AlertKind.QUOTA)


@pytest.mark.timeout(LIMIT_SECONDS)
def test_nine_of_ten_forecasts_are_right() -> None:
    right: list[bool] = []
    for seed in FORECASTS:
        organization = Organization.simulate(seed, quotas=True)
        right += coverage(organization, watch(organization, WANTED, only_days=True).memory.posted)

    print(f"{sum(right)} of {len(right)} forecasts were right")
    assert len(right) >= 4 * len(FORECASTS)
    assert sum(right) >= 0.9 * len(right)
