"""`usage` makes few calls, shows correct numbers, and includes only the channel's databases in totals."""

import httpx
import pytest

from bot.core.records.usage import UsageSample
from bot.errors import BadInput
from tests.blocks.messages import HOSTILE, shown, words
from tests.commands.conftest import Desk


def usage_calls(desk: Desk) -> list[httpx.Request]:
    return [call for call in desk.acme.requests if call.url.path.endswith("/usage")]


def sample(day: str, reads: int, *, uuid: str, name: str = "orders") -> UsageSample:
    return UsageSample("acme", name, uuid, day, reads, reads // 10, 4096, 0)


async def test_one_database_takes_two_usage_calls(desk: Desk) -> None:
    desk.acme.add("orders")

    text = words(await desk.ask("usage orders"))

    assert "1,204" in text
    assert len(usage_calls(desk)) == 2
    assert "from" not in usage_calls(desk)[0].url.params


async def test_a_period_is_requested_from_turso_with_time_zones(desk: Desk) -> None:
    desk.acme.add("orders")

    await desk.ask("usage orders --since 7d")

    spans = sorted((call.url.params["from"], call.url.params["to"]) for call in usage_calls(desk))
    assert spans == [
        ("2026-11-10T12:00:00Z", "2026-11-17T12:00:00Z"),
        ("2026-11-17T12:00:00Z", "2026-11-24T12:00:00Z"),
    ]


async def test_a_past_month_is_requested_as_a_whole(desk: Desk) -> None:
    desk.acme.add("orders")

    await desk.ask("usage orders --month 2026-10")

    assert ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z") in [
        (call.url.params["from"], call.url.params["to"]) for call in usage_calls(desk)
    ]


async def test_the_change_from_the_previous_period_is_shown(desk: Desk) -> None:
    made = desk.acme.add("orders")

    def answer(request: httpx.Request) -> httpx.Response:
        reads = 300 if "from" in request.url.params else 600
        usage = {"rows_read": reads, "rows_written": 0, "storage_bytes": 0, "bytes_synced": 0}
        return httpx.Response(200, json={"database": {"uuid": made["DbId"], "usage": usage}})

    desk.acme.next_answers = [answer, answer, answer]

    assert "600 (+100%" in words(await desk.ask("usage orders"))


async def test_usage_is_shown_for_each_instance(desk: Desk) -> None:
    made = desk.acme.add("orders")
    desk.acme.instances["orders"] = [{"uuid": "a", "name": "ams", "type": "primary"}]
    shares = [{"uuid": "a", "usage": {"rows_read": 5}}, {"uuid": "b-deleted", "usage": {"rows_read": 7}}]
    body = {"database": {"uuid": made["DbId"], "usage": {"rows_read": 12}, "instances": shares}}
    desk.acme.next_answers = [lambda request: httpx.Response(200, json=body)] * 2

    table = next(block for block in (await desk.ask("usage orders")).blocks if block["type"] == "data_table")

    assert [row[0]["text"] for row in table["rows"][1:]] == ["ams", "b-delete"]
    assert [row[1]["text"] for row in table["rows"][1:]] == ["primary", "deleted"]


async def test_the_usage_of_a_thousand_databases_takes_a_few_calls(desk: Desk) -> None:
    for at in range(1000):
        desk.acme.add(f"db-{at}")
        desk.acme.used[f"db-{at}"] = {"rows_read": at}

    reply = await desk.ask("usage")

    assert len(desk.acme.log()) <= 6
    assert not [path for path in desk.acme.log() if "/databases/" in path]
    table = next(block for block in reply.blocks if block["type"] == "data_table")
    assert table["rows"][1][0]["text"] == "db-999"
    assert "990 more databases" in words(reply)


async def test_totals_include_only_the_channels_databases(desk: Desk) -> None:
    for name, reads in (("orders-eu", 5), ("orders-us", 7), ("payroll", 1000)):
        desk.acme.add(name)
        desk.acme.used[name] = {"rows_read": reads}

    reply = await desk.ask("usage", channel="C0ORDERS")

    assert "2 databases" in reply.text
    assert "12 rows read" in reply.text
    assert "payroll" not in str(shown(reply))


async def test_the_usage_of_a_channel_in_a_period_comes_from_samples(desk: Desk) -> None:
    made = desk.acme.add("orders")
    desk.acme.used["orders"] = {"rows_read": 1000}
    await desk.store.samples.add(
        [sample("2026-11-16", 300, uuid=made["DbId"]), sample("2026-11-20", 700, uuid=made["DbId"])]
    )

    reply = await desk.ask("usage --since 2026-11-17")

    assert "700 rows read" in reply.text


async def test_the_answer_says_so_if_the_samples_begin_after_the_period(desk: Desk) -> None:
    made = desk.acme.add("orders")
    await desk.store.samples.add([sample("2026-11-20", 700, uuid=made["DbId"])])

    reply = await desk.ask("usage --since 2026-11-10")

    assert "No history before <!date^1795219200^" in words(reply), "the end of the 20th"
    assert "504 rows read" in reply.text


@pytest.mark.parametrize("line", ["usage --since 7d", "usage --month 2026-10", "usage --since 2026-10-30 --sort size"])
async def test_without_history_the_billing_period_is_shown(desk: Desk, line: str) -> None:
    desk.acme.add("orders")
    await desk.store.samples.add([sample("2026-11-24", 700, uuid="another")])

    reply = await desk.ask(line)

    assert "1,204 rows read and 37 written in this billing period" in reply.text
    assert "|2026-11-24>. Here is the billing period so far." in words(reply)
    assert "rows per day" not in words(reply).lower()


async def test_the_usage_of_a_database_that_turso_omits_is_unknown(desk: Desk) -> None:
    for name in ("orders", "users"):
        desk.acme.add(name)
    usage = desk.acme.usage()
    usage["organization"]["databases"].pop()
    desk.acme.answer_instead({"/usage": usage})

    reply = await desk.ask("usage")

    assert "at least 1,204 rows read and at least 37 written" in reply.text
    assert "1,204 (1 database not included)" in words(reply)
    table = next(block for block in reply.blocks if block["type"] == "data_table")
    assert table["rows"][2][1] == {"type": "raw_text", "text": "–"}
    chart = next(block for block in reply.blocks if block["type"] == "data_visualization")["chart"]
    assert chart["axis_config"]["categories"] == ["orders"]


async def test_the_api_of_2023_reports_only_the_month(desk: Desk) -> None:
    desk.acme.generation = "2023"
    made = desk.acme.add("orders")
    usage = {"rows_read": 600, "rows_written": 3, "storage_bytes": 4096}
    body = {"database": {"uuid": made["DbId"], "usage": usage}, "instances": {}, "total": usage}
    desk.acme.next_answers = [httpx.Response(200, json=body)] * 2

    reply = await desk.ask("usage orders --since 7d")

    assert "600 rows read and 3 written this month" in reply.text
    assert "Turso only provides this month's usage" in words(reply)
    assert "*Synced*\nunknown" in words(reply)


@pytest.mark.parametrize("month", ["2026-12", "2027-01", "9999-12"])
@pytest.mark.parametrize("name", ["", "orders "])
async def test_a_month_that_has_not_begun_is_refused(desk: Desk, month: str, name: str) -> None:
    with pytest.raises(BadInput, match=f"`{month}` hasn't started yet. Choose a month up to `2026-11`"):
        await desk.ask(f"usage {name}--month {month}")


@pytest.mark.parametrize(
    ("since", "says"),
    [("2026-11-25", "hasn't started yet"), ("9999-12-31", "hasn't started yet"), ("0001-01-01", "is before 1970"),
     ("15250w", "is before 1970")],
)  # fmt: skip
@pytest.mark.parametrize("command", ["usage", "usage orders", "audit"])
async def test_a_day_in_the_future_or_before_1970_is_refused(desk: Desk, command: str, since: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        await desk.ask(f"{command} --since {since}")


async def test_days_are_shown_as_a_line(desk: Desk) -> None:
    made = desk.acme.add("orders")
    await desk.store.samples.add([sample(f"2026-11-{day}", 100 * day, uuid=made["DbId"]) for day in range(18, 24)])

    chart = next(one for one in (await desk.ask("usage orders")).blocks if one["type"] == "data_visualization")["chart"]

    assert chart["type"] == "line"
    assert {point["value"] for point in chart["series"][0]["data"][1:]} == {100}


async def test_plan_quotas_are_shown_if_they_are_known(desk: Desk) -> None:
    desk.acme.add("orders")
    answers = {
        "/subscription": {"subscription": {"plan": "scaler"}},
        "/plans": {"plans": [{"name": "scaler", "quotas": {"rowsRead": 12040}}]},
    }
    desk.acme.answer_instead(answers)

    assert "10.0% of quota" in words(await desk.ask("usage"))


async def test_two_periods_at_once_are_refused(desk: Desk) -> None:
    with pytest.raises(BadInput, match="choose one"):
        desk.parse("usage --since 7d --month 2026-10")


@pytest.mark.parametrize("line", ["usage", "usage orders"])
async def test_hostile_names_stay_text(desk: Desk, line: str) -> None:
    desk.acme.add("orders", DbId=HOSTILE)
    desk.acme.instances["orders"] = [{"uuid": "x", "name": HOSTILE}]

    await desk.ask(line)


@pytest.mark.parametrize("count", [0, 1])
async def test_usage_works_with_no_and_with_one_database(desk: Desk, count: int) -> None:
    for at in range(count):
        desk.acme.add(f"db-{at}")

    await desk.ask("usage")


async def test_a_ranking_is_compared_with_the_previous_period_and_shows_the_days(desk: Desk) -> None:
    made = desk.acme.add("orders")
    desk.acme.used = {"orders": {"rows_read": 23_000, "rows_written": 2_300}}
    october = [sample(f"2026-10-{day:02}", 100 * day, uuid=made["DbId"]) for day in range(1, 32)]
    november = [sample(f"2026-11-{day:02}", 1000 * day, uuid=made["DbId"]) for day in range(1, 24)]
    await desk.store.samples.add([sample("2026-09-30", 1, uuid=made["DbId"]), *october, *november])

    reply = await desk.ask("usage")

    text = words(reply)
    assert "23,000 (+900% vs. same days last month)" in text
    charts = [block["chart"] for block in reply.blocks if block["type"] == "data_visualization"]
    assert [chart["type"] for chart in charts] == ["bar", "line"]
    reads = next(one for one in charts[1]["series"] if one["name"] == "rows read")["data"]
    assert [point["value"] for point in reads[-3:]] == [1000, 1000, 0]


async def test_nothing_is_compared_if_the_samples_do_not_reach_back(desk: Desk) -> None:
    made = desk.acme.add("orders")
    await desk.store.samples.add([sample(f"2026-11-{day}", 100 * day, uuid=made["DbId"]) for day in range(20, 24)])

    shown = words(await desk.ask("usage"))
    assert "vs." not in shown
    assert "same as" not in shown
