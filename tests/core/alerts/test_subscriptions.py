"""The alerts of a channel: those that people turned on, those of the policy file, and mutes."""

from datetime import UTC, datetime, timedelta

from bot.core.alerts import AlertSubscription, Mute, merged

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_channel_that_turned_alerts_on_itself_keeps_its_own_settings() -> None:
    own = AlertSubscription("C0DBOPS", "acme", quota=(95,), author="U0ANA", created_at=NOON)
    policy = [AlertSubscription("C0DBOPS", "acme", quota=(50,)), AlertSubscription("C0ALL", "acme", forecast=True)]

    found = merged([own], policy, [], organization="acme")

    assert found == [policy[1], own]
    assert [one.is_from_policy for one in found] == [True, False]


def test_a_mute_also_counts_for_the_alerts_of_the_policy_file() -> None:
    until = NOON + timedelta(hours=4)

    (found,) = merged([], [AlertSubscription("C0ALL", "acme")], [Mute("C0ALL", until, "U0ANA")], organization="acme")

    assert found.is_muted(NOON)
    assert not found.is_muted(until)


def test_alerts_for_an_earlier_organization_do_not_replace_those_of_the_policy_file() -> None:
    own = AlertSubscription("C0DBOPS", "acme", quota=(95,), author="U0ANA", created_at=NOON)
    in_file = AlertSubscription("C0DBOPS", "second", quota=(50,))

    assert merged([own], [in_file], [], organization="second") == [in_file]
    assert merged([own], [in_file], [], organization="acme") == [own]
