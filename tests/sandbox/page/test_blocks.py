"""Every type of block and element is drawn. Unknown and malformed blocks are shown as errors."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from bot.sandbox.page.render.directory import Directory
from bot.sandbox.page.render.renderer import Renderer, template_names
from bot.sandbox.workspace.blockkit import validate_message, validate_view
from tests.sandbox.page import samples
from tests.sandbox.page.pieces import button, field, option, plain
from tests.sandbox.page.test_mrkdwn import Inventory

NAMES = Directory({"U0ANA": "Ana", "U0DANA": "Dana"}, {"C0DBOPS": "db-ops"}, {}, "U0ANA")
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> hx-get=/x {{ 7919*7919 }}"


def draw(block: dict[str, Any], **options: Any) -> str:
    return str(Renderer(NAMES, **options).block(block))


@pytest.mark.parametrize("kind", samples.BLOCKS)
def test_every_block_is_drawn_without_an_error(kind: Any) -> None:
    html = draw(samples.BLOCKS[kind])
    assert 'class="trouble"' not in html
    assert html.strip()


@pytest.mark.parametrize("field", [*samples.INPUTS, samples.CONVERSATION], ids=lambda field: field["element"]["type"])
def test_every_field_is_drawn_without_an_error(field: Any) -> None:
    html = draw(field)
    assert 'class="trouble"' not in html
    assert field["label"]["text"] in html
    assert f'data-action-id="{field["block_id"]}-action"' in html


@pytest.mark.parametrize("block", [samples.FILE, samples.WORKFLOW], ids=["file_input", "workflow_button"])
def test_an_element_that_the_page_does_not_support_is_drawn_as_disabled(block: dict[str, Any]) -> None:
    html = draw(block)
    assert 'class="trouble"' not in html
    assert " disabled title=" in html


def test_the_local_slack_accepts_the_samples() -> None:
    in_modals, in_containers = ("alert",), ("file",)
    blocks = [block for kind, block in samples.BLOCKS.items() if kind not in in_modals + in_containers]
    blocks.append(samples.WORKFLOW)
    blocks += [
        {"type": "container", "title": plain("x"), "child_blocks": [samples.BLOCKS[kind]]} for kind in in_containers
    ]
    assert [str(each) for block in blocks for each in validate_message({"text": "x", "blocks": [block]})] == []
    inputs = [*samples.INPUTS, samples.CONVERSATION, samples.FILE, *(samples.BLOCKS[kind] for kind in in_modals)]
    view = {"type": "modal", "title": plain("Form"), "submit": plain("Go"), "blocks": inputs}
    assert [str(each) for each in validate_view(view)] == []


def test_every_type_of_block_and_element_with_a_template_has_a_sample() -> None:
    assert template_names("blocks") == set(samples.BLOCKS)
    everything = [*samples.BLOCKS.values(), *samples.INPUTS, samples.CONVERSATION, samples.FILE, samples.WORKFLOW]
    assert template_names("elements") <= set(_types_in(everything))


def _types_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "type" in value:
            yield value["type"]
        for each in value.values():
            yield from _types_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from _types_in(each)


@pytest.mark.parametrize("block", [{"type": "hologram", "text": "x"}, {"type": "_trouble"}, {"type": "../page"}, {}])
def test_an_unknown_block_is_shown_as_an_error_with_its_json(block: dict[str, Any]) -> None:
    html = draw(block)
    assert 'class="trouble"' in html
    assert "draw a block of type" in html
    assert "Its JSON" in html


@pytest.mark.parametrize(
    "block",
    [
        {"type": "data_visualization", "title": "x", "chart": {"type": "bar", "series": []}},
        {"type": "data_table", "caption": "x", "rows": [["Name"], ["orders"]]},
        {"type": "actions", "elements": [{"type": "lever"}]},
        {"type": "actions", "elements": 5},
    ],
)
def test_a_malformed_block_is_shown_as_an_error(block: dict[str, Any]) -> None:
    assert 'class="trouble"' in draw(block)


def hostile(value: Any) -> Any:
    """Return a copy of a block that has hostile text wherever a person's text could be."""
    if isinstance(value, dict):
        return {key: _hostile_entry(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [hostile(each) for each in value]
    return value


def _hostile_entry(key: str, value: Any) -> Any:
    written = ("text", "title", "label", "caption", "alt_text", "url", "image_url", "value", "action_id", "block_id")
    more = ("name", "placeholder", "fallback", "x_label", "y_label", "external_id", "initial_value", "user_id", "style")
    return HOSTILE if key in written + more and isinstance(value, str) else hostile(value)


@pytest.mark.parametrize("kind", [*samples.BLOCKS, "inputs"])
def test_hostile_text_in_any_place_of_a_block_is_shown_as_text(kind: Any) -> None:
    blocks = samples.INPUTS if kind == "inputs" else [samples.BLOCKS[kind]]
    for block in blocks:
        html = draw(
            {**hostile(copy.deepcopy(block)), "type": block["type"], "block_id": HOSTILE}, errors={HOSTILE: HOSTILE}
        )
        found = Inventory(html)
        assert not found.tags & {"script", "iframe", "object", "embed", "form", "style", "link", "meta", "base"}
        assert "img" not in found.tags
        assert not {each for each in found.attributes if each.startswith(("on", "hx-", "srcdoc", "{{"))}
        assert all(each.startswith(("http", "mailto")) for each in found.addresses)
        assert "62710561" not in html, "no text is evaluated as a template"


def test_an_external_picture_is_named_but_not_loaded() -> None:
    html = draw(samples.BLOCKS["image"])
    assert "<img" not in html
    assert "A chart" in html
    assert "not loaded here" in html
    assert "<img" in draw({"type": "image", "image_url": "data:image/png;base64,aGk=", "alt_text": "x"})
    for url in ("data:image/svg+xml,<svg onload=alert(1)>", "//evil.example/x.png", "javascript:alert(1)"):
        assert "<img" not in draw({"type": "image", "image_url": url, "alt_text": "x"})


def test_a_button_with_an_unsafe_link_has_no_link() -> None:
    block = {"type": "actions", "elements": [button("Go", "go", url="javascript:alert(1)")]}
    assert "data-url" not in draw(block)


def test_a_table_shows_its_first_page_and_keeps_the_rest_hidden() -> None:
    html = draw(samples.data_table(100, 10))
    assert html.count("<tr hidden>") == 90
    assert "1–10 of 100" in html
    assert 'class="num"' in html


def test_a_small_table_shows_neither_a_pager_nor_a_filter() -> None:
    html = draw(samples.data_table(3, 10))
    assert '<div class="pager" hidden>' in html
    assert 'type="search"' not in html


@pytest.mark.parametrize("kind", ["bar", "line", "area"])
def test_a_chart_has_axes_a_mark_for_each_value_and_a_legend(kind: str) -> None:
    html = draw(samples.chart(kind, 3))
    marks = html.count("<rect") if kind == "bar" else html.count("<circle")
    assert marks == 15
    assert html.count("<title>") == 15
    for word in ("rows read", "rows written", "bytes synced", "orders-eu", ">database<", "50K"):
        assert word in html


def test_one_series_needs_no_legend() -> None:
    assert 'class="legend"' not in draw(samples.chart("bar", 1))


def test_a_pie_shows_the_percentage_of_each_segment() -> None:
    html = draw(samples.PIE)
    for share in ("47%", "34%", "14%", "5.0%"):
        assert share in html


def test_a_field_shows_the_entered_value_and_otherwise_its_initial_value() -> None:
    group = field("g", "Group", {"type": "static_select", "options": [option("eu"), option("us")]})
    values = {"g": {"g-action": {"type": "static_select", "selected_option": option("us")}}}
    html = draw(group, values=values)
    assert html.count('class="chip"') == 1
    assert ">us<" in html.partition('class="chip"')[2].partition("<button")[0] + "<"
    name = field("n", "Name", {"type": "plain_text_input", "initial_value": "old"})
    assert 'value="new"' in draw(name, values={"n": {"n-action": {"type": "plain_text_input", "value": "new"}}})
    assert 'value=""' in draw(name, values={"n": {"n-action": {"type": "plain_text_input", "value": None}}})
    assert 'value="old"' in draw(name)


def test_an_error_is_shown_under_its_field() -> None:
    html = draw(samples.INPUTS[0], errors={"name": "Already taken."})
    assert "b-input invalid" in html
    assert '<p class="error" role="alert">Already taken.</p>' in html
