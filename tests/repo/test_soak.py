"""`make test` runs a part of a large matrix, chosen by `TEST_CHOICE`. Together, the choices cover every case."""

from collections import Counter

import pytest

from tests import soak

ROWS, COLUMNS = list("abcdefg"), list("xyz")


@pytest.fixture(params=[False, True], ids=["test", "soak"])
def is_soak(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(soak, "SOAK", request.param)
    return bool(request.param)


@pytest.mark.parametrize(("rows", "columns"), [(ROWS, COLUMNS), (COLUMNS, ROWS), (ROWS, ROWS)])
def test_each_row_and_each_column_occurs_in_each_choice(
    is_soak: bool, rows: list[str], columns: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for choice in range(10):
        monkeypatch.setattr(soak, "CHOICE", choice)
        found = soak.pairs(rows, columns)
        assert {row for row, _ in found} == set(rows)
        assert {column for _, column in found} == set(columns)
        assert len(found) == (len(rows) * len(columns) if is_soak else max(len(rows), len(columns)))


@pytest.mark.parametrize(("rows", "columns"), [(ROWS, COLUMNS), (COLUMNS, ROWS), (ROWS, ROWS)])
def test_every_pair_occurs_in_some_choice(rows: list[str], columns: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "SOAK", False)
    found = set()
    for choice in range(len(rows) * len(columns)):
        monkeypatch.setattr(soak, "CHOICE", choice)
        found |= set(soak.pairs(rows, columns))

    assert len(found) == len(rows) * len(columns)


def test_with_two_times_each_row_and_each_column_occurs_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "SOAK", False)

    found = soak.pairs(ROWS, ROWS, times=2)

    assert Counter(row for row, _ in found) == dict.fromkeys(ROWS, 2)
    assert Counter(column for _, column in found) == dict.fromkeys(ROWS, 2)


@pytest.mark.parametrize(("rows", "columns"), [(ROWS[:5], ROWS[:6]), (ROWS, COLUMNS), (COLUMNS, ROWS), (["a"], ROWS)])
def test_with_two_times_each_row_and_each_column_of_any_matrix_occurs_twice_if_possible(
    rows: list[str], columns: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "SOAK", False)
    for choice in range(10):
        monkeypatch.setattr(soak, "CHOICE", choice)
        found = soak.pairs(rows, columns, times=2)
        in_row, in_column = Counter(row for row, _ in found), Counter(column for _, column in found)
        assert all(in_row[row] >= min(2, len(columns)) for row in rows)
        assert all(in_column[column] >= min(2, len(rows)) for column in columns)
        assert len(found) == len(set(found))


def test_every_case_occurs_in_some_choice(is_soak: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    for choice in range(3):
        monkeypatch.setattr(soak, "CHOICE", choice)
        found += soak.one_in(3, ROWS)

    assert sorted(found) == sorted(ROWS * (3 if is_soak else 1))


def test_a_covering_part_has_every_value_of_each_kind(is_soak: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [(row, column) for row in ROWS for column in COLUMNS if (row, column) != ("a", "x")]
    for choice in range(10):
        monkeypatch.setattr(soak, "CHOICE", choice)
        found = soak.covering(cases, lambda case: case[0], lambda case: case[1])
        assert {row for row, _ in found} == set(ROWS)
        assert {column for _, column in found} == set(COLUMNS)
        assert len(found) == len(cases) if is_soak else len(found) <= len(ROWS) + len(COLUMNS)
