"""mrkdwn, rich text and Markdown become HTML, and nothing that a person wrote becomes active."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.page.render.directory import Directory
from bot.sandbox.page.render.markdown import markdown
from bot.sandbox.page.render.mrkdwn import mrkdwn
from bot.sandbox.page.render.rich_text import rich_text

NAMES = Directory({"U0ANA": "Ana", "U0BEN": "Ben <b>"}, {"C0DBOPS": "db-ops"}, {"S0DBA": "dba"}, "U0ANA")
ALLOWED_TAGS = frozenset(
    {"a", "b", "blockquote", "br", "button", "code", "div", "em", "li", "ol", "p", "pre", "s", "span"}
    | {"strong", "time", "u", "ul"}
)
ALLOWED_ATTRIBUTES = frozenset(
    {"aria-label", "class", "data-copy", "data-pattern", "datetime", "href", "rel", "start", "target", "title", "type"}
)


class Inventory(HTMLParser):
    """Collects the tags, attributes, link addresses and text of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""
        self.feed(str(html))
        self.close()

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action")]

    def handle_data(self, data: Any) -> None:
        self.text += data


def harmless(html: str) -> Inventory:
    """Assert that some HTML has only allowed tags, attributes and link addresses, and return what it has."""
    found = Inventory(html)
    assert found.tags <= ALLOWED_TAGS, found.tags
    assert found.attributes <= ALLOWED_ATTRIBUTES, found.attributes
    assert all(each.startswith(("http://", "https://", "mailto:")) for each in map(str.lower, found.addresses))
    return found


@pytest.mark.parametrize(
    ("text", "html"),
    [
        pytest.param("*bold* _it_ ~gone~", "<strong>bold</strong> <em>it</em> <s>gone</s>", id="styles"),
        pytest.param("*a _b_ c*", "<strong>a <em>b</em> c</strong>", id="styles within styles"),
        pytest.param("snake_case_name 2*3*4", "snake_case_name 2*3*4", id="marks inside words are letters"),
        pytest.param("`a *b* <c>`", "<code>a *b* &lt;c&gt;</code>", id="nothing is styled in code"),
        pytest.param("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c", id="Slack's three entities"),
        pytest.param("&amp;lt;b&amp;gt;", "&amp;lt;b&amp;gt;", id="entities are undone once"),
        pytest.param("one\ntwo", "one<br>two", id="lines"),
        pytest.param("&gt; quoted\nnot", "<blockquote>quoted</blockquote>not", id="quotation"),
        pytest.param(":fire: :nosuch:", "🔥 :nosuch:", id="emoji"),
        pytest.param("*a `b*c` d*", "<strong>a <code>b*c</code> d</strong>", id="code wins over bold"),
    ],
)
def test_formatting_is_shown_as_in_slack(text: str, html: str) -> None:
    assert mrkdwn(text, NAMES) == html


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        pytest.param("<@U0ANA>", "@Ana", id="person"),
        pytest.param("<@U0ANA|ana>", "@Ana", id="person with a label that is ignored"),
        pytest.param("<@U0NOBODY>", "@U0NOBODY", id="unknown person"),
        pytest.param("<@U0BEN>", "@Ben <b>", id="a name with mark-up in it"),
        pytest.param("<#C0DBOPS|other>", "#db-ops", id="channel"),
        pytest.param("<!subteam^S0DBA|@x>", "@dba", id="user group"),
        pytest.param("<!channel> <!here> <!everyone>", "⚠ @channel ⚠ @here ⚠ @everyone", id="mass mentions"),
        pytest.param("<!date^1793500000^{date}|1 Nov 02:26 UTC>", "1 Nov 02:26 UTC", id="date with its fallback"),
        pytest.param("<!date^99999999999999999999^{date}|never>", "never", id="an impossible time"),
        pytest.param("<https://turso.tech|docs>", "docs", id="link"),
        pytest.param("<mailto:a@b.example|a@b.example>", "a@b.example", id="mail"),
        pytest.param(
            "see https://turso.tech/x.", "see https://turso.tech/x.", id="bare address, without the full stop"
        ),
        pytest.param("<nothing>", "<nothing>", id="none of Slack's forms"),
        pytest.param("```\ncode <b> <@U0ANA>\n```", "Copycode <b> @Ana", id="preformatted"),
    ],
)
def test_slacks_forms_in_angle_brackets_are_shown_as_readable_text(text: str, seen: str) -> None:
    assert harmless(mrkdwn(text, NAMES)).text == seen


def test_a_mass_mention_looks_like_a_warning_and_the_viewers_own_mention_is_highlighted() -> None:
    assert 'class="mass"' in mrkdwn("<!channel>", NAMES)
    assert "mention-me" in mrkdwn("<@U0ANA>", NAMES)
    assert "mention-me" not in mrkdwn("<@U0BEN>", NAMES)
    assert 'class="mass"' not in mrkdwn("&lt;!channel&gt;", NAMES)


def test_a_link_shows_its_real_target() -> None:
    html = mrkdwn("<https://evil.example/?a=1&amp;b=2|https://turso.tech>", NAMES)
    assert 'title="https://evil.example/?a=1&amp;b=2"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_addresses_stay_text_when_the_text_object_is_verbatim() -> None:
    assert harmless(mrkdwn("https://turso.tech", NAMES, verbatim=True)).addresses == []


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<javascript:alert(1)|click>",
    "<JaVaScRiPt:alert(1)>",
    "<java\tscript:alert(1)|x>",
    "<data:text/html,<script>alert(1)</script>|x>",
    "<vbscript:x|y>",
    '<https://x.example/" onmouseover="alert(1)|x>',
    "<https://x.example/|</a><img src=x onerror=alert(1)>>",
    "<!date^1793500000^{date}^javascript:alert(1)|x>",
    '<!date^1793500000^" onload="alert(1)|x>',
    '<@U0ANA"><img src=x>',
    "`<img src=x onerror=alert(1)>`",
    "```</pre><script>alert(1)</script>```",
    "*<b onclick=alert(1)>*",
    "> <iframe src=//evil.example>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;script&amp;gt;",
    '" hx-get="/as/U0ANA/say" hx-trigger="load',
    "<div hx-post='/as/U0ANA/say' hx-trigger='load'>",
    "\ue000<script>\ue001",
    "<https://x.example|a&lt;script&gt;b>",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_no_text_from_people_becomes_active(text: Any) -> None:
    harmless(mrkdwn(text, NAMES))
    harmless(rich_text([{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}], NAMES))
    harmless(rich_text([{"type": "rich_text_section", "elements": [{"type": "link", "url": text}]}], NAMES))
    harmless(rich_text([{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}], NAMES))
    found = Inventory(markdown(text))
    assert not found.tags & {"script", "img", "iframe", "div"}
    assert not {each for each in found.attributes if each.startswith(("on", "hx-"))}
    assert all(each.startswith(("http://", "https://", "mailto:")) for each in found.addresses)


PIECES = st.sampled_from(
    [*ATTACKS, "*", "_", "~", "`", "```", "<", ">", "&", "|", "\n", ":", '"', "'", "a", " ", "<@U0ANA>", "http://a.b"]
)


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=14).map("".join)))
def test_random_text_is_rendered_without_an_error_and_does_not_become_active(text: str) -> None:
    harmless(mrkdwn(text, NAMES))


@pytest.mark.parametrize(
    "text",
    ["*a " * 1000, "`" * 3000, "<" * 3000, "_a*b~" * 600, "*`" * 1500, "https://" * 375],
    ids=lambda text: text[:8],
)
def test_a_long_hostile_text_is_rendered_within_a_second_of_processor_time(text: str) -> None:
    began = time.process_time()
    mrkdwn(text, NAMES)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/as/U0ANA", " javascript:x"]
)
def test_markdown_links_lead_to_the_web_or_nowhere(url: str) -> None:
    found = Inventory(markdown(f"[x]({url}) ![y]({url})"))
    assert found.addresses == []
    assert "img" not in found.tags
