"""All scenarios of the crash matrix."""

from datetime import timedelta

from bot.core.requests.request import State
from tests.crash.scenarios.actions import (
    after,
    approve,
    approve_by_name,
    approve_overages,
    deny,
    nothing,
    reveal,
    typed,
    undo,
    withdraw,
)
from tests.crash.scenarios.checks import (
    blocks,
    has_card,
    has_copy,
    has_no_buttons,
    has_overages,
    has_reached_its_end,
    holds_nothing,
    is_awake,
    is_branch,
    is_discarded,
    is_gone,
    is_kept,
    is_switched,
    is_there,
    may_be_revealed,
    waits_without_countdown,
    was_called,
)
from tests.crash.scenarios.preparations import (
    approved_by_one_who_leaves,
    archived,
    asked,
    asked_for_overages,
    branched,
    copy_of,
    deciding,
    frozen,
    has_source,
    may_rewind,
    opened,
    quarantined,
    ready,
    revoked_late,
    switched,
    there,
)
from tests.crash.scenarios.shared import CONFIGURATION, DATABASE, DATABASES, ROTATE, TOKENS, Scenario

SCENARIOS = [
    Scenario("create", nothing, typed("db create {}"), ("POST", DATABASES), State.SUCCEEDED, ":sparkles:", is_there),
    Scenario("ask", there, typed("db destroy {}"), ("PATCH", CONFIGURATION), State.PENDING, "wants to",
             has_card, event="asked", calls=0),
    Scenario("destroy-now", asked("db destroy {} --now"), approve_by_name, ("DELETE", DATABASE), State.SUCCEEDED,
             "was destroyed", is_gone),
    Scenario("quarantine", asked("db destroy {}"), approve, ("PATCH", CONFIGURATION), State.QUARANTINED,
             "is in quarantine", blocks(True, True)),
    Scenario("undo", quarantined, undo, ("PATCH", CONFIGURATION), State.RESTORED, "is restored", blocks(False, False),
             undone=State.QUARANTINED, event="undone"),
    Scenario("countdown", quarantined, after(timedelta(days=31)), ("DELETE", DATABASE), State.SUCCEEDED,
             "was destroyed", is_gone, event="finished", passes=State.QUARANTINED),
    Scenario("countdown-stale", opened, after(timedelta(days=31)), ("PATCH", CONFIGURATION), State.STALE,
             "Nothing was destroyed", blocks(False, False), event="finished", passes=State.QUARANTINED),
    Scenario("countdown-refused", approved_by_one_who_leaves, after(timedelta(days=31)), ("DELETE", DATABASE),
             State.QUARANTINED, "wasn't destroyed", waits_without_countdown, event="finished", audited="denied",
             settled=waits_without_countdown, calls=0),
    Scenario("freeze", there, typed("db freeze {} --reads"), ("PATCH", CONFIGURATION), State.SUCCEEDED, "are blocked",
             blocks(True, True)),
    Scenario("thaw", frozen, after(timedelta(minutes=31)), ("PATCH", CONFIGURATION), State.SUCCEEDED, "has ended",
             blocks(False, False), event="thawed", settled=holds_nothing),
    Scenario("branch", has_source, typed("db branch {0}-s {0} --for 3d"), ("POST", DATABASES), State.SUCCEEDED,
             ":herb:", is_branch),
    Scenario("branch-end", branched, after(timedelta(days=4)), ("PATCH", CONFIGURATION), State.QUARANTINED,
             "is in quarantine", blocks(True, True), settled=has_reached_its_end),
    Scenario("wake", archived, typed("db wake {}"), ("POST", "/groups/g-{}/unarchive"), State.SUCCEEDED, "is awake",
             is_awake),
    Scenario("rotate", asked("rotate {}"), approve, ("POST", ROTATE), State.SUCCEEDED, "Old tokens no longer work",
             was_called("POST", ROTATE), final_unknown=True, proven=True),
    Scenario("rotate-late", revoked_late, approve, ("POST", ROTATE), State.SUCCEEDED, "Old tokens no longer work",
             was_called("POST", ROTATE), final_unknown=True, proven=True),
    Scenario("rewind", may_rewind, approve, ("POST", DATABASES), State.SUCCEEDED, "Compared with", has_copy),
    Scenario("rewind-switch", deciding("rewind switch {}"), approve, ("PATCH", CONFIGURATION), State.QUARANTINED,
             "in place of", is_switched, proven=True),
    Scenario("rewind-undo", switched, undo, ("PATCH", CONFIGURATION), State.RESTORED, "is out of quarantine",
             blocks(False, False), undone=State.QUARANTINED, event="undone"),
    Scenario("rewind-discard", deciding("rewind discard {}"), approve, ("DELETE", DATABASE), State.SUCCEEDED,
             "was destroyed", is_discarded, finds=copy_of),
    Scenario("reveal", ready, reveal, ("POST", TOKENS), State.SUCCEEDED, "Only you can see", was_called("POST", TOKENS),
             final_unknown=True, event="reveal"),
    Scenario("rewind-keep", deciding("rewind keep {}"), approve, ("DELETE", DATABASE), State.SUCCEEDED, "is kept",
             is_kept, finds=copy_of, calls=0),
    Scenario("token", there, typed("token {} --read-only"), ("POST", TOKENS), State.SUCCEEDED, "Only you can see",
             was_called("POST", TOKENS), undone=State.EXPIRED, final_unknown=True, event="reveal",
             passes=State.READY),
    Scenario("overages", asked_for_overages, approve_overages, ("PATCH", ""), State.SUCCEEDED, "are on", has_overages,
             about="acme"),
    Scenario("approval", asked("token {}"), approve, ("POST", TOKENS), State.READY, "to see your token",
             may_be_revealed, event="approved", audited="vote", calls=0),
    Scenario("deny", asked("rotate {}"), deny, ("POST", ROTATE), State.DENIED, "was denied", has_no_buttons,
             event="denied", calls=0),
    Scenario("withdraw", asked("rotate {}"), withdraw, ("POST", ROTATE), State.CANCELLED, "was withdrawn",
             has_no_buttons, event="withdrawn", calls=0),
    Scenario("expire", asked("rotate {}"), after(timedelta(hours=13)), ("POST", ROTATE), State.EXPIRED,
             "No one approved or denied it in time", has_no_buttons, event="expired", passes=State.PENDING, calls=0),
]  # fmt: skip
"""The event `reveal` matches two events: `revealed`, and `reveal` of a token that couldn't be shown."""


_WITHOUT_CHANGE = {"ask", "token", "approval", "deny", "withdraw", "expire"}


CHANGES = [one for one in SCENARIOS if one.name not in _WITHOUT_CHANGE]


APPROVALS = [one for one in SCENARIOS if one.name in _WITHOUT_CHANGE]
