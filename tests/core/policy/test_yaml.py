"""The file is read as YAML: merges, anchors under `x-` keys, and words that YAML reads as other types."""

import subprocess
import sys
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import CATALOGUE
from bot.core.policy import PolicyInvalid, document, load

HEAD = "version: 1\n"
CHANNEL = "channels:\n  C0X:\n    databases: [{databases}]\n    rules: [{{allow: read}}]\n"


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyInvalid) as caught:
        load(text, CATALOGUE, default_organization="acme")
    return [str(one) for one in caught.value.problems]


# -- merges

NAMES = ("a", "b", "c")
VALUES = st.sampled_from(["x", "y", "[x, y]", "{k: x}"])
OWN = st.dictionaries(st.sampled_from("kmnp"), VALUES, max_size=3)


@st.composite
def mappings(draw: Any, at: Any) -> str:
    """Draw a YAML flow mapping that may merge (`<<`) other mappings in every notation and at any place."""
    parts = [f"{key}: {value}" for key, value in draw(OWN).items()]
    for _ in range(draw(st.integers(0, 2))):
        sources = [f"*{name}" for name in NAMES[:at]] + ["{k: z, q: z}", "{<<: {k: w, m: w}, m: v}"]
        chosen = draw(st.lists(st.sampled_from(sources), min_size=1, max_size=3))
        merge = chosen[0] if len(chosen) == 1 else f"[{', '.join(chosen)}]"
        parts.insert(draw(st.integers(0, len(parts))), f"<<: {merge}")
    return "{" + ", ".join(parts) + "}"


@st.composite
def files(draw: Any) -> str:
    lines = [f"{name}: &{name} {draw(mappings(at))}" for at, name in enumerate(NAMES)]
    return "\n".join([*lines, f"list: [*a, *c, {draw(mappings(3))}]", f"last: {draw(mappings(3))}"])


@given(files())
def test_every_kind_of_merge_means_what_yaml_means(text: str) -> None:
    read = document.read(text)

    assert read.problems == []
    assert read.value == yaml.safe_load(text)


@given(files(), st.sampled_from(NAMES))
def test_a_duplicate_key_is_found_once_whatever_merges_it(text: str, name: str) -> None:
    broken = text.replace(f"&{name} {{", f"&{name} {{zz: x, zz: y, ")
    found = document.read(broken).problems

    assert [(one.key, one.sentence) for one in found] == [(f"{name}.zz", "this key is given twice")]


def test_a_key_that_overrides_a_merged_key_is_not_a_duplicate() -> None:
    text = (
        HEAD + "x-rules: &base {databases: ['a-*'], rules: [{allow: read}]}\n"
        "channels:\n  C0A: {<<: *base, databases: ['b-*']}\n  C0B: *base\n"
    )
    policy = load(text, CATALOGUE, default_organization="acme")

    assert policy.channels["C0A"].databases.patterns == ("b-*",)
    assert policy.channels["C0B"].databases.patterns == ("a-*",)
    assert policy.channels["C0A"].rules[0].says == "allow read"


def test_an_error_in_a_merged_value_is_located_at_its_own_line() -> None:
    text = HEAD + "x-base: &base\n  databases: [Orders]\nchannels:\n  C0A:\n    <<: *base\n    rules: []\n"

    assert problems(text)[0].startswith("line 3: channels.C0A.databases[0]: ")


@pytest.mark.parametrize("value", ["word", "[word]", "[[{a: b}]]", "1"])
def test_a_merge_of_another_type_is_refused(value: str) -> None:
    assert "`<<` takes a mapping" in str(document.read(f"a: {{<<: {value}}}").problems[0])


def test_nested_merges_do_not_expand_without_end() -> None:
    keys = ", ".join(f"k{n}: x" for n in range(50))
    lines = [f"a0: &a0 {{{keys}}}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 50)}]}}" for n in range(1, 200)]

    read = document.read("\n".join(lines))
    assert "more than 100,000 values" in read.problems[0].sentence


def test_a_merge_of_itself_is_refused() -> None:
    assert "refer to themselves" in document.read("a: &a {<<: *a}").problems[0].sentence
    assert "refer to themselves" in document.read("a: &a {b: {<<: *a}}").problems[0].sentence


@pytest.mark.parametrize("opens", ["[", "- ", "? ", "{a: "])
def test_a_very_deeply_nested_file_is_refused_without_a_crash(opens: str) -> None:
    """Run the check in another process, because the YAML library could end the process without an exception."""
    script = f"from bot.core.policy import document\nprint(document.read({opens!r} * 200_000).problems[0].sentence)\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "nested more than 100 deep" in done.stdout


# -- `x-` keys


def test_keys_that_begin_with_x_are_ignored_everywhere_among_known_keys() -> None:
    text = (
        HEAD + "x-any: [1, {a: b}]\nceiling: {x-why: because, token_lifetime: 4h}\n"
        "people: {dba: {x-note: the DBAs, usergroup: S0DBA}}\n"
        "channels: {C0A: {x-owner: me, databases: ['*'], rules: [{x-ticket: T-1, allow: read}]}}\n"
    )
    without = (
        HEAD + "ceiling: {token_lifetime: 4h}\npeople: {dba: {usergroup: S0DBA}}\n"
        "channels: {C0A: {databases: ['*'], rules: [{allow: read}]}}\n"
    )

    assert load(text, CATALOGUE).hash == load(without, CATALOGUE).hash


@pytest.mark.parametrize("where", ["organizations", "people", "profiles", "channels"])
def test_keys_that_begin_with_x_are_not_taken_for_names(where: str) -> None:
    """Otherwise, a note or an anchor would count as a name, such as that of an organization that the bot samples."""
    sections = {
        "organizations": "  acme: {token: env:TURSO_API_TOKEN}\n",
        "people": "  dba: {user: U0ANA}\n",
        "profiles": "  incident: {rules: [{allow: read}]}\n",
        "channels": "  C0A: {databases: ['*'], rules: [{allow: read, to: dba}]}\n",
    }

    def text(extra: str) -> str:
        parts = (f"{name}:\n{extra if name == where else ''}{body}" for name, body in sections.items())
        return "version: 1\n" + "".join(parts)

    assert load(text("  x-note: &note {anything: [1, 2]}\n"), CATALOGUE).hash == load(text(""), CATALOGUE).hash


def test_a_name_that_begins_with_x_cannot_be_used() -> None:
    text = (
        HEAD + "people: {x-men: {user: U0ANA}}\nchannels: {C0A: {databases: ['*'], rules: [{allow: read, to: x-men}]}}"
    )

    with pytest.raises(PolicyInvalid, match="x-men"):
        load(text, CATALOGUE)


# -- words that YAML 1.1 reads as other types


@pytest.mark.parametrize(
    ("word", "read_as"),
    [("no", "`false`"), ("on", "`true`"), ("2024", "`2024`"), ("007", "`7`"), ("1:30", "`90`"), ("~", "nothing"),
     ("0x1f", "`31`"), ("1_000", "`1000`"), ("Yes", "`true`")],
)  # fmt: skip
@pytest.mark.parametrize(
    "line",
    [CHANNEL, "channels: {{C0X: {{rules: [{{allow: [{databases}]}}]}}}}", "workspace: [{databases}]\nchannels: {{}}",
     "people: {{dba: {{users: [{databases}]}}}}\nchannels: {{}}"],
    ids=["databases", "commands", "workspace", "people"],
)  # fmt: skip
def test_a_word_that_yaml_misreads_is_named_with_the_advice_to_quote_it(word: str, read_as: str, line: Any) -> None:
    errors = problems(HEAD + line.format(databases=word))

    assert any(f'YAML reads `{word}` as {read_as}; quote it (`"{word}"`)' in one for one in errors), errors


@pytest.mark.parametrize("word", ["no", "on", "2024", "007"])
def test_a_quoted_word_is_read_as_text(word: str) -> None:
    policy = load(HEAD + CHANNEL.format(databases=f'"{word}"'), CATALOGUE, default_organization="acme")

    assert policy.channels["C0X"].databases.patterns == (word,)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "1:30",
            "takes a duration such as `30m`, `8h` or `7d`; YAML reads `1:30` as `90`; quote it, and add a unit",
        ),
        ("90", "takes a duration such as `30m`, `8h` or `7d`; `90` lacks a unit"),
        (
            "on",
            "takes a duration such as `30m`, `8h` or `7d`; YAML reads `on` as `true`; quote it, and add a unit",
        ),
    ],
)
def test_a_duration_that_yaml_misreads_is_shown_as_it_was_written(written: str, said: str) -> None:
    rule = f"{{approve: token, by: U0ANA, expires: {written}}}"

    assert any(said in one for one in problems(f"{HEAD}channels: {{C0X: {{databases: ['*'], rules: [{rule}]}}}}"))


@pytest.mark.parametrize("key", ["confirm: no", "visibility: off", "to: on", "by: 007"])
def test_single_words_that_yaml_misreads_are_shown_too(key: str) -> None:
    errors = problems(f"{HEAD}channels: {{C0X: {{databases: ['*'], rules: [{{approve: token, by: U0ANA, {key}}}]}}}}"
                    if not key.startswith("by") else
                    f"{HEAD}channels: {{C0X: {{databases: ['*'], rules: [{{approve: token, {key}}}]}}}}")  # fmt: skip

    assert any("quote it" in one for one in errors), errors


@pytest.mark.parametrize("tag", ["bool", "int"])
@pytest.mark.parametrize("value", ["x", "''", "[]", "0b2", "1:x"])
def test_a_value_of_the_wrong_type_is_a_problem_with_its_line(tag: str, value: str) -> None:
    errors = problems(f"\nversion: !!{tag} {value}\nchannels: {{}}")

    assert errors[0].startswith("line 2: version: ")


# -- files without content


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: the file is empty; a policy starts with `version: 1`"),
        ("# only a comment\n", "the file is empty"),
        ("---\n...\n", "the file is empty"),
        ("null", "the file is empty"),
        ("{}", "`version: 1` is missing; a policy without it isn't used"),
        ("channels: {}", "`version: 1` is missing"),
        ("version: 1", "names no channels; write `channels: {}`"),
        ("version: 1\npeople: {}\nx-a: b", "names no channels"),
        ("version: 1\nchannels:\n", "takes keys with values, not nothing"),
        ("version: 1\nchannels: {}\nceiling:\n", "takes keys with values, not nothing"),
        ('version: "1"\nchannels: {}', 'version: takes 1, not `"1"`'),
    ],
)
def test_a_file_without_version_channels_or_values_is_refused(text: str, said: str) -> None:
    assert any(said in one for one in problems(text)), problems(text)


def test_an_empty_policy_can_be_written_explicitly() -> None:
    assert load("version: 1\nchannels: {}", CATALOGUE).channels == {}


def test_too_many_rules_are_refused_in_a_sentence() -> None:
    rules = ", ".join(f"{{allow: read, databases: [a{at}]}}" for at in range(1_001))
    with pytest.raises(PolicyInvalid, match=r"channels\.C0A\.rules: takes at most 1,000 rules, and this has 1,001"):
        load(HEAD + f"channels: {{C0A: {{databases: ['*'], rules: [{rules}]}}}}\n", CATALOGUE)
