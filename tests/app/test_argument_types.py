"""An invalid value of an option is refused with a sentence and status 2, before anything is read or written."""

from pathlib import Path

import pytest

from bot.__main__ import main

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
        ("platform --port=-1", "isn't a whole number from 0 to 65535"),
    ],
)
def test_an_invalid_value_of_an_option_is_named(
    line: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(line.split())

    assert ended.value.code == 2
    assert says in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
