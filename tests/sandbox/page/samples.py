"""Realistic samples of every type of block and element that the page can draw, as apps send them."""

from __future__ import annotations

from tests.sandbox.page.pieces import Json, button, cell, confirm, field, mrkdwn, number, option, plain

LOCATIONS = ("aws-us-east-1", "aws-eu-west-1", "aws-ap-northeast-1")


def databases(count: int) -> list[tuple[str, str, int, int]]:
    """Return (name, location, storage in bytes, rows read) of invented databases."""
    names = ("orders", "users", "billing", "search", "sessions", "scratch", "audit", "catalog", "mail", "metrics")
    return [
        (
            f"{names[index % 10]}-{('eu', 'us', 'prod', 'test')[index // 10 % 4]}{index // 40 or ''}",
            LOCATIONS[index % 3],
            (index * 7919 % 971) * 28_672,
            (index * 104_729 % 9973) * 37,
        )
        for index in range(count)
    ]


def data_table(count: int = 100, page_size: int = 10) -> Json:
    header = [cell(each) for each in ("Name", "Location", "Storage", "Rows read")]
    rows = [
        [cell(name), cell(place), number(size, f"{size / 1024:,.0f} KiB"), number(read, f"{read:,}")]
        for name, place, size, read in databases(count)
    ]
    return {
        "type": "data_table",
        "caption": "Databases of acme",
        "page_size": page_size,
        "row_header_column_index": 0,
        "rows": [header, *rows],
    }


def chart(kind: str = "bar", series: int = 2) -> Json:
    categories = ["orders-eu", "users-us", "billing-prod", "search-test", "sessions-eu"]
    values = [[41_200, 30_100, 22_800, 9_400, 2_100], [12_000, 18_500, 4_300, 7_100, 900], [3, 2_000, 9_000, 5_000, 1]]
    return {
        "type": "data_visualization",
        "title": "Rows read and written, last 7 days" if kind == "bar" else f"Rows, as {kind}",
        "chart": {
            "type": kind,
            "series": [
                {
                    "name": ("rows read", "rows written", "bytes synced")[index],
                    "data": [{"label": label, "value": values[index][at]} for at, label in enumerate(categories)],
                }
                for index in range(series)
            ],
            "axis_config": {"categories": categories, "x_label": "database", "y_label": "rows"},
        },
    }


PIE: Json = {
    "type": "data_visualization",
    "title": "Storage by database",
    "chart": {
        "type": "pie",
        "segments": [
            {"label": "orders-eu", "value": 412},
            {"label": "users-us", "value": 301},
            {"label": "billing-prod", "value": 120},
            {"label": "others", "value": 44},
        ],
    },
}

RICH: Json = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "Rotate "},
                {"type": "text", "text": "orders-eu", "style": {"code": True}},
                {"type": "text", "text": " revokes "},
                {"type": "text", "text": "3 tokens", "style": {"bold": True}},
                {"type": "text", "text": " of "},
                {"type": "user", "user_id": "U0DANA"},
                {"type": "text", "text": " in "},
                {"type": "channel", "channel_id": "C0DBOPS"},
                {"type": "text", "text": " "},
                {"type": "emoji", "name": "warning"},
            ],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "first"}]},
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "second, with "},
                        {"type": "link", "url": "https://docs.turso.tech/", "text": "a link"},
                    ],
                },
            ],
        },
        {
            "type": "rich_text_list",
            "style": "ordered",
            "indent": 1,
            "offset": 2,
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "third"}]}],
        },
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "Ticket OPS-7", "style": {"italic": True}}]},
        {
            "type": "rich_text_preformatted",
            "elements": [{"type": "text", "text": "turso db shell libsql://orders-eu-acme.turso.io"}],
        },
    ],
}

BLOCKS: dict[str, Json] = {
    "header": {"type": "header", "text": plain("orders-eu")},
    "section": {
        "type": "section",
        "text": mrkdwn("*Storage* is at `28.0 MiB`, requested by <@U0DANA> in <#C0DBOPS>"),
        "fields": [mrkdwn("*Group*\neu"), mrkdwn("*Primary*\naws-eu-west-1"), plain("Protected"), mrkdwn("_no_")],
        "accessory": button("Open", "open"),
    },
    "divider": {"type": "divider"},
    "context": {
        "type": "context",
        "elements": [
            {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "logo"},
            mrkdwn("Read <!date^1793500000^{date_short_pretty} at {time}|2026-11-01 02:26 UTC>"),
        ],
    },
    "actions": {
        "type": "actions",
        "block_id": "acts",
        "elements": [
            button("Approve", "approve", style="primary"),
            button("Deny", "deny", style="danger", confirm=confirm("Deny?", "Deny *it*?", "Deny")),
            button("Docs", "docs", url="https://docs.turso.tech/"),
            {
                "type": "overflow",
                "action_id": "more",
                "options": [option("Freeze", "freeze"), option("Docs", "docs", url="https://docs.turso.tech/")],
            },
            {
                "type": "static_select",
                "action_id": "group",
                "placeholder": plain("Group"),
                "options": [option("eu"), option("us")],
            },
            {"type": "users_select", "action_id": "who", "placeholder": plain("Somebody")},
            {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-24"},
        ],
    },
    "image": {
        "type": "image",
        "image_url": "https://example.com/chart.png",
        "alt_text": "A chart",
        "title": plain("Chart"),
    },
    "rich_text": RICH,
    "markdown": {
        "type": "markdown",
        "text": "## Restored\n\n**orders-eu** is back:\n\n| what | n |\n| --- | --- |\n| rows | 12 |\n\n`done` ~~old~~",
    },
    "table": {
        "type": "table",
        "column_settings": [{"align": "left"}, {"align": "right"}],
        "rows": [[cell("Group"), cell("Databases")], [cell("eu"), number(12, "12")], [cell("us"), number(7, "7")]],
    },
    "data_table": data_table(),
    "data_visualization": chart(),
    "card": {
        "type": "card",
        "title": plain("orders-eu"),
        "subtitle": plain("group eu"),
        "body": mrkdwn("Writes are *blocked* for 29 more minutes."),
        "subtext": plain("since 10:12"),
        "slack_icon": {"type": "icon", "name": "snowflake"},
        "actions": [button("Undo", "undo", style="primary")],
    },
    "carousel": {
        "type": "carousel",
        "elements": [
            {"type": "card", "title": plain(f"orders-{each}"), "body": plain("Healthy")} for each in ("eu", "us", "ap")
        ],
    },
    "alert": {"type": "alert", "level": "warning", "text": mrkdwn("This revokes *all* tokens.")},
    "container": {
        "type": "container",
        "title": plain("Who would lose access"),
        "subtitle": plain("3 people"),
        "is_collapsible": True,
        "child_blocks": [{"type": "section", "text": mrkdwn("<@U0DANA>, until 18:00")}],
    },
    "plan": {
        "type": "plan",
        "title": "Destroy scratch",
        "tasks": [
            {"type": "task_card", "task_id": "1", "title": "Block reads and writes", "status": "complete"},
            {"type": "task_card", "task_id": "2", "title": "Wait 24 hours", "status": "in_progress"},
            {"type": "task_card", "task_id": "3", "title": "Destroy", "status": "pending"},
        ],
    },
    "task_card": {
        "type": "task_card",
        "task_id": "1",
        "title": "Read back",
        "status": "error",
        "details": {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "No answer in time"}]}],
        },
        "sources": [{"type": "url", "url": "https://status.turso.tech/", "text": "Status"}],
    },
    "context_actions": {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "feedback",
                "positive_button": {"text": plain("Good"), "value": "up"},
                "negative_button": {"text": plain("Bad"), "value": "down"},
            },
            {"type": "icon_button", "icon": "trash", "text": plain("Remove"), "action_id": "remove", "value": "x"},
        ],
    },
    "file": {"type": "file", "external_id": "ABCD1", "source": "remote"},
    "video": {
        "type": "video",
        "title": plain("A video"),
        "alt_text": "video",
        "video_url": "https://example.com/video",
        "thumbnail_url": "https://example.com/video.png",
    },
    "input": {
        "type": "input",
        "label": plain("Reason"),
        "element": {"type": "plain_text_input", "action_id": "reason", "multiline": True},
        "hint": plain("Everybody in the channel reads it"),
        "optional": True,
    },
}

INPUTS: list[Json] = [
    field("name", "Name", {"type": "plain_text_input", "placeholder": plain("orders-eu"), "focus_on_load": True}),
    field("reason", "Reason", {"type": "plain_text_input", "multiline": True, "max_length": 200}, optional=True),
    field("count", "How many", {"type": "number_input", "is_decimal_allowed": False}, optional=True),
    field("mail", "Mail", {"type": "email_text_input"}, optional=True),
    field("link", "Link", {"type": "url_text_input"}, optional=True),
    field(
        "group",
        "Group",
        {"type": "static_select", "options": [option("eu"), option("us")], "initial_option": option("eu")},
    ),
    field(
        "places",
        "Locations",
        {"type": "multi_static_select", "options": [option(each) for each in LOCATIONS], "max_selected_items": 2},
        optional=True,
    ),
    field(
        "database",
        "Database",
        {"type": "external_select", "min_query_length": 0, "placeholder": plain("Search")},
        optional=True,
    ),
    field("person", "Person", {"type": "users_select"}, optional=True),
    field("channel", "Channel", {"type": "channels_select"}, optional=True),
    field("people", "People", {"type": "multi_users_select"}, optional=True),
    field("day", "Day", {"type": "datepicker"}, optional=True),
    field("hour", "Hour", {"type": "timepicker", "initial_time": "10:30"}, optional=True),
    field("moment", "Moment", {"type": "datetimepicker", "initial_date_time": 1793500000}, optional=True),
    field(
        "scope",
        "Scope",
        {
            "type": "radio_buttons",
            "options": [option("Read only", "ro"), option("Read and write", "rw")],
            "initial_option": option("Read only", "ro"),
        },
    ),
    field(
        "also",
        "Also",
        {"type": "checkboxes", "options": [option("Tell the channel", "tell", description=plain("Posts a line"))]},
        optional=True,
    ),
    field("note", "Note", {"type": "rich_text_input"}, optional=True),
]
"""The inputs of a form that can be submitted on the page."""

CONVERSATION: Json = field("conversation", "Conversation", {"type": "conversations_select"}, optional=True)
FILE: Json = field("file", "File", {"type": "file_input"}, optional=True)
WORKFLOW: Json = {
    "type": "actions",
    "elements": [
        {
            "type": "workflow_button",
            "action_id": "run",
            "text": plain("Run"),
            "workflow": {"trigger": {"url": "https://slack.com/shortcuts/Ft0/1"}},
        }
    ],
}
