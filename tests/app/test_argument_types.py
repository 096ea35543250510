"""An invalid value of an option is refused with a sentence and status 2. No file is created."""

from pathlib import Path

import pytest

from bot.__main__ import argument_parser, main

BIG = "99999999999999999999999"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"audit resend --from {BIG}", "isn't a whole number from 1 to"),
        ("audit resend --from 0", "isn't a whole number from 1 to"),
        ("audit resend --from ٣", "isn't a whole number from 1 to"),
        ("audit verify --head zzz", "`zzz` isn't a hash: a hash has 64 hexadecimal digits (0–9 and a–f)"),
        ("audit verify --head abc123", "isn't a hash"),
        ("worker --health-port 70000", "isn't a whole number from 0 to 65535"),
        ("socket --health-port x", "isn't a whole number from 0 to 65535"),
        ("sandbox --port 99999", "isn't a whole number from 0 to 65535"),
        ("sandbox --seconds nan", "`nan` isn't a number of seconds"),
        ("sandbox --seconds=-1", "`-1` isn't a number of seconds"),
        ("sandbox --seconds inf", "isn't a number of seconds"),
        ("policy explain ls --as U0ANA --in db-ops", "argument --in: `db-ops` isn't a channel's ID, such as C0123ABCD"),
        ("policy explain ls --as U0ANA --in YOUR_CHANNEL", "`YOUR_CHANNEL` isn't a channel's ID"),
        ("policy explain ls --as U0ANA --in #C0DBOPS", "`#C0DBOPS` isn't a channel's ID"),
        ("policy explain ls --as ana --in C0DBOPS", "argument --as: `ana` isn't a person's ID, such as U0123ABCD"),
        ("policy explain ls --as YOUR_ID --in C0DBOPS", "`YOUR_ID` isn't a person's ID"),
        ("policy explain ls --as USER --in C0DBOPS", "`USER` isn't a person's ID"),
        ("policy explain ls --as S0DBA --in C0DBOPS", "`S0DBA` isn't a person's ID"),
        (
            "policy explain ls --as U0ANA --in C0DBOPS --member dba",
            "--member: `dba` isn't a user group's ID, such as S",
        ),
        ("policy explain ls --as U0ANA --in C0DBOPS --member SRE", "`SRE` isn't a user group's ID"),
        ("platform --port=-1", "isn't a whole number from 0 to 65535"),
    ],
)
def test_an_invalid_value_of_an_option_is_refused_with_a_sentence(
    line: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(line.split())

    assert ended.value.code == 2
    assert says in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("channel", ["C0DBOPS", "G01ABCDEF", "D01ABCDEF", "DM", "CFGHJKLMN"])
@pytest.mark.parametrize("person", ["U0ANA", "W01ABCDEF", "USLACKBOT"])
def test_ids_of_every_kind_are_accepted(channel: str, person: str) -> None:
    line = f"policy explain ls --as {person} --in {channel} --member S0DBA"

    arguments = argument_parser().parse_args(line.split())

    assert (arguments.person, arguments.channel, arguments.member) == (person, channel, ["S0DBA"])
