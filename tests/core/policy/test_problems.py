"""The error for an invalid policy file lists its problems: the line and, if there is one, the key and what it takes."""

from typing import Any

import pytest

from bot.commands import CATALOGUE
from bot.core.policy import PolicyInvalid, load
from bot.core.policy.document import Problem

CHANNEL = "channels:\n  C0DBOPS:\n    databases: ['*']\n    rules:\n      - "


def problems(text: str, **options: Any) -> tuple[Problem, ...]:
    with pytest.raises(PolicyInvalid) as caught:
        load(text, CATALOGUE, **options)
    return tuple(one for one in caught.value.problems if one.key != "version" or "version" in text)


CASES = [
    # (id, text, line, key, words)
    ("not YAML", "channels: [", 2, "", "this isn't valid YAML"),
    ("a tab", "channels:\n\tC0: {}", 2, "", "this isn't valid YAML"),
    ("a list", "- a\n- b", 1, "", "a mapping of keys"),
    ("a word", "hello", 1, "", "a mapping of keys"),
    ("a foreign tag", "version: !!python/object:os.system 1", 1, "version", "isn't allowed in a policy"),
    ("a tag that does not fit", "version: !!bool x", 1, "version", "`x` can't be read as `!!bool`"),
    ("text as a number", "version: !!int 1x", 1, "version", "`1x` can't be read as `!!int`"),
    ("a version of the future", "version: 2", 1, "version", "takes 1, not `2`"),
    ("an unknown key", "\nchanels: {}", 2, "chanels", "Did you mean `channels`? Allowed: version"),
    ("a key twice", "version: 1\nversion: 1", 2, "version", "this key is given twice"),
    ("a channel's name", "channels:\n  db-ops: {}", 2, "channels.db-ops", "`db-ops` isn't a channel's ID"),
    ("a channel with a hash", "channels:\n  '#ops': {}", 2, "channels.#ops", "names aren't accepted"),
    ("a direct message", "channels:\n  D0DM: {}", 2, "channels.D0DM", "isn't a channel's ID"),
    (
        "a channel that is a list",
        "channels:\n  C0DBOPS: []",
        2,
        "channels.C0DBOPS",
        "takes keys with values, not a list",
    ),
    ("channels as a list", "channels: [C0DBOPS]", 1, "channels", "takes keys with values, not a list"),
    ("a channel's unknown key", "channels:\n  C0X: {rule: []}", 2, "channels.C0X.rule", "Did you mean `rules`?"),
    (
        "a pattern that matches no database",
        "channels:\n  C0X: {databases: [Orders]}",
        2,
        "channels.C0X.databases[0]",
        "can't match any database",
    ),
    ("a group without name", "channels:\n  C0X: {databases: ['group:']}", 2, "channels.C0X.databases[0]", "group:NAME"),
    (
        "an unknown visibility",
        "channels:\n  C0X: {visibility: all}",
        2,
        "channels.C0X.visibility",
        "takes `channel` or `ephemeral`",
    ),
    (
        "a word for true or false",
        "channels:\n  C0X: {externally_shared: maybe}",
        2,
        "channels.C0X.externally_shared",
        "`true` or",
    ),
    ("an undefined profile", "channels:\n  C0X: {profile: calm}", 2, "channels.C0X.profile", "no profile `calm`"),
    ("rules as a mapping", "channels:\n  C0X: {rules: {}}", 2, "channels.C0X.rules", "takes a list"),
    ("a user group's name", "people:\n  dba: {usergroup: '@dba'}", 2, "people.dba.usergroup", "such as `S0DBA`"),
    ("a person's name", "people:\n  ana: {user: ana}", 2, "people.ana.user", "such as `U0ANA`"),
    ("people's names", "people:\n  two: {users: [U0ANA, ben]}", 2, "people.two.users[1]", "`ben` isn't a person's ID"),
    ("no people", "people:\n  dba: {}", 2, "people.dba", "names no one"),
    ("people called like an id", "people:\n  U0ANA: {user: U0BEN}", 2, "people.U0ANA", "a name of your own"),
    ("a workspace's name", "workspace: acme", 1, "workspace[0]", "isn't a workspace's ID"),
    ("a token", "organizations:\n  a: {token: eyJhbGciOiJFZERTQSJ9}", 2, "organizations.a.token", "never the token"),
    ("another secret", "organizations:\n  a: {token: env:SLACK_BOT_TOKEN}", 2, "organizations.a.token", "`TURSO_`"),
    (
        "a token in place of an organization",
        "organizations: {a: eyJhbGciOiJFZERTQSJ9}",
        1,
        "organizations.a",
        "keys with",
    ),
    ("no such organization", "organizations: {a: {}}\norganization: b", 2, "organization", "no organization `b`"),
    ("a ban on nothing", "ceiling:\n  deny: [{databases: ['*']}]", 2, "ceiling.deny[0].commands", "is required here"),
    (
        "a ban with a typo",
        "ceiling: {deny: [{commands: ['destroy --nwo']}]}",
        1,
        "ceiling.deny[0].commands[0]",
        "`--nwo`",
    ),
    ("a ceiling in words", "ceiling: {token_lifetime: 1 day}", 1, "ceiling.token_lifetime", "`1 day` has a space"),
    ("incidents without people", "incidents: {databases: ['*']}", 1, "incidents.to", "is required here"),
    (
        "incidents without profile",
        "incidents: {to: U0ANA, databases: []}",
        1,
        "incidents.profile",
        "no profile `incident`",
    ),
    (
        "incidents for a misspelled name",
        "incidents: {to: anna, databases: []}",
        1,
        "incidents.to",
        "`anna` isn't in `people`",
    ),
    (
        "the name of the audit head's channel",
        "audit_head_channel: ops",
        1,
        "audit_head_channel",
        "isn't a channel's ID",
    ),
    ("an unknown link", "links: {tikcet: ''}", 1, "links.tikcet", "Did you mean `ticket`? Allowed: ticket, incident"),
    ("a link without a key", "links: {ticket: 'https://a.example/browse'}", 1, "links.ticket", "`{key}` once"),
    ("a link to any host", "links: {ticket: 'https://{key}.example/'}", 1, "links.ticket", "after the host"),
    ("a link with two keys", "links: {incident: 'https://a.example/{key}/{key}'}", 1, "links.incident", "`{key}` once"),
    ("a link to a script", "links: {ticket: 'javascript:alert({key})'}", 1, "links.ticket", "`https://` address"),
    ("a link that ends early", "links: {ticket: 'https://a.example/{key}|>'}", 1, "links.ticket", "`https://` address"),
    ("a profile without rules", "profiles: {calm: {}}", 1, "profiles.calm.rules", "is required here"),
]
RULES = [
    # (id, rule, key below the rule, words)
    ("no verdict", "{to: U0ANA}", "", "one of `allow`, `approve`, `break_glass`, `deny`; this one has none"),
    ("two verdicts", "{allow: read, deny: token}", "", "this one has `allow` and `deny`"),
    ("an unknown key", "{allow: read, until: 3h}", ".until", "isn't allowed here"),
    ("an unknown command", "{allow: [read, tokn]}", ".allow[1]", "Did you mean `token`"),
    ("a star for every command", "{allow: '*'}", ".allow[0]", "Write `read`, `list`"),
    ("an empty list", "{allow: []}", ".allow", "is empty"),
    (
        "an option that rules don't distinguish",
        "{allow: 'token --expiration'}",
        ".allow[0]",
        "write `token --read-only`",
    ),
    ("an option of a command without options", "{allow: 'rotate --now'}", ".allow[0]", "write `rotate` alone"),
    ("no approvers", "{approve: token}", "", "`approve` needs `by`"),
    ("no reviewers", "{break_glass: destroy}", "", "`break_glass` needs `review_by`"),
    ("undefined approvers", "{approve: token, by: dba}", ".by", "`dba` isn't in `people`"),
    ("one of several", "{approve: token, by: [U0ANA, dbas]}", ".by[1]", "`dbas` isn't in `people`"),
    ("a name for an id", "{approve: token, by: 'user:ana'}", ".by[0]", "`ana` isn't an ID"),
    ("a group for a person", "{allow: read, to: 'user:S0DBA'}", ".to[0]", "`S0DBA` isn't an ID"),
    ("an unknown kind", "{allow: read, to: 'group:S0DBA'}", ".to[0]", "`group:` is unknown"),
    ("an empty list of people", "{allow: read, to: []}", ".to", "is empty"),
    ("people as a mapping", "{allow: read, to: {user: U0ANA}}", ".to", "takes a list"),
    ("a quorum of zero", "{approve: token, by: U0ANA, quorum: 0}", ".quorum", "a whole number from 1 to 20, not `0`"),
    ("a quorum in words", "{approve: token, by: U0ANA, quorum: two}", ".quorum", "a whole number"),
    (
        "a quorum that can't be reached",
        "{approve: token, by: [U0ANA, U0BEN], quorum: 3}",
        ".quorum",
        "names only 2 people, so 3 approvals can never",
    ),
    ("a quorum of an allow", "{allow: token, quorum: 2}", ".quorum", "`quorum` belongs to `approve`"),
    ("approvers of an allow", "{allow: token, by: U0ANA}", ".by", "`by` belongs to `approve`"),
    ("an expiry of an allow", "{allow: token, expires: 1h}", ".expires", "`expires` belongs to `approve`"),
    ("a reminder of an allow", "{allow: token, notify: U0ANA}", ".notify", "belongs to `approve` or `break_glass`"),
    (
        "a review of an approve",
        "{approve: token, by: U0ANA, review_by: U0BEN}",
        ".review_by",
        "belongs to `break_glass`",
    ),
    (
        "a confirmation of what runs immediately",
        "{break_glass: token, review_by: U0BEN, confirm: none}",
        ".confirm",
        "belongs to `allow` or `approve`, and this rule is `break_glass`, which runs immediately",
    ),
    ("a confirmation of a denial", "{deny: token, confirm: button}", ".confirm", "this rule is `deny`"),
    ("no unit", "{approve: token, by: U0ANA, expires: 30}", ".expires", "`30` lacks a unit"),
    ("a unit in words", "{allow: token, max_lifetime: 1day}", ".max_lifetime", "unknown unit `day`; write `d`"),
    ("never as a lifetime", "{allow: token, max_lifetime: never}", ".max_lifetime", "a duration such as"),
    (
        "an unknown confirmation",
        "{allow: token, confirm: 'yes'}",
        ".confirm",
        "takes `none`, `button` or `type-name`, not `yes`",
    ),
    ("a flag in words", "{allow: token, allow_never: 'yes'}", ".allow_never", "takes `true` or `false`, not `yes`"),
]


@pytest.mark.parametrize(("text", "line", "key", "words"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_each_error_names_its_line_its_key_and_what_is_allowed_there(
    text: Any, line: Any, key: Any, words: Any
) -> None:
    found = problems(text)
    assert [(one.line, one.key) for one in found if words in one.sentence] == [(line, key)], found


@pytest.mark.parametrize(("rule", "key", "words"), [pytest.param(*case[1:], id=case[0]) for case in RULES])
@pytest.mark.parametrize("section", ["channels", "profiles"])
def test_each_error_of_a_rule_is_located(section: str, rule: Any, key: Any, words: Any) -> None:
    text = CHANNEL if section == "channels" else "# \n#\nprofiles:\n  calm: {rules: [\n    "
    found = problems(text + rule + ("" if section == "channels" else "]}"))
    where = "channels.C0DBOPS.rules[0]" if section == "channels" else "profiles.calm.rules[0]"
    assert [(one.line, one.key) for one in found if words in one.sentence] == [(5, where + key)], found


def test_every_error_is_found_at_once_in_the_order_of_the_file() -> None:
    text = (
        "version: 2\npeople: {a: {user: ana}}\n"
        + CHANNEL
        + "{allow: red}\n      - {approve: token, by: dba, quorum: 0}\n"
    )
    found = problems(text)
    assert [one.line for one in found] == [1, 2, 7, 8, 8]
    assert str(found[0]) == "line 1: version: takes 1, not `2`"


def test_the_exception_shows_the_first_problem_and_counts_the_rest() -> None:
    with pytest.raises(PolicyInvalid, match=r"line 1: version: .* \(1 more\)"):
        load("version: 2\nchanels: {}", CATALOGUE)


def test_no_error_shows_text_that_may_be_a_secret() -> None:
    secret = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJhIjoicncifQ.c2lnbmF0dXJl"
    for text in (
        f"organizations: {{a: {{token: {secret}}}}}",
        f"organizations: {{a: {secret}}}",
        f"organizations: {secret}",
        f"organization: {secret}",
        f"workspace: {secret}",
        CHANNEL + f"{{allow: {secret}}}",
        CHANNEL + f"{{allow: read, to: 'user:{secret}'}}",
        CHANNEL + f"{{allow: read, to: {secret}}}",
        CHANNEL + f"{{allow: token, max_lifetime: {secret}}}",
        CHANNEL + f"{{allow: token, confirm: {secret}}}",
    ):
        shown = " ".join(map(str, problems(text)))
        assert secret not in shown
        assert secret[:40] not in shown


def test_anchors_that_expand_without_end_are_refused() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert "more than 100,000 values" in str(problems(bomb)[0])
    assert "refer to themselves" in str(problems("a: &a [*a]")[0])


def test_a_file_that_is_too_large_is_not_said_to_refer_to_itself() -> None:
    (problem,) = problems("notes: [" + "a, " * 100_000 + "a]")
    assert "more than 100,000 values" in str(problem)
    assert "refer to themselves" not in str(problem)
