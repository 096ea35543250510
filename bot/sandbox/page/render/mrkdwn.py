"""Slack's mrkdwn as HTML. Everything that isn't markup is escaped."""

import re

from markupsafe import Markup, escape

from .dates import date_element
from .directory import Directory
from .emoji import emoji
from .links import link

_FENCE = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
_SPAN = r"((?:`[^`\n]+`|<[^<>\n]+>|[^{mark}\n`<])+?)"


def _pair(name: str, mark: str) -> str:
    quoted = re.escape(mark)
    inner = _SPAN.replace("{mark}", quoted)
    return rf"(?P<{name}>(?<![\w{quoted}]){quoted}(?=\S){inner}(?<=\S){quoted}(?![\w{quoted}]))"


_TOKEN = re.compile(
    "|".join(
        [
            r"(?P<code>`[^`\n]+`)",
            r"(?P<angle><[^<>\n]+>)",
            _pair("bold", "*"),
            _pair("italic", "_"),
            _pair("strike", "~"),
            r"(?P<emoji>:[a-z0-9_+-]{1,80}:)",
            r"(?P<url>\bhttps?://[^\s<>|`]+[^\s<>|`.,;:!?)\]'\"*_~])",
        ]
    )
)
_QUOTE = re.compile(r"^(?:&gt;|>)[ ]?")
_MASS = {"here": "@here", "channel": "@channel", "everyone": "@everyone"}
_TAGS = {"bold": "strong", "italic": "em", "strike": "s"}


def unescape(text: str) -> str:
    """Decode Slack's three entities once. The caller must escape the result again."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mrkdwn(text: str, names: Directory, *, verbatim: bool = False) -> Markup:
    """Render mrkdwn. With `verbatim`, bare addresses don't become links, as for a text object with that flag."""
    parts: list[Markup] = []
    position = 0
    for fence in _FENCE.finditer(text):
        parts.append(_lines(text[position : fence.start()], names, verbatim))
        parts.append(preformatted(_flat(fence[1], names)))
        position = fence.end()
    parts.append(_lines(text[position:], names, verbatim))
    return Markup("").join(parts)


def preformatted(content: str | Markup) -> Markup:
    """Return a block of preformatted text with a copy button."""
    return Markup(
        '<div class="pre"><button type="button" class="copy" data-copy aria-label="Copy">Copy</button>'
        "<pre>{}</pre></div>"
    ).format(content)


def mass_mention(word: str) -> Markup:
    """Highlight `@channel`, `@here` or `@everyone`, since they notify everybody."""
    return Markup('<strong class="mass" title="This notifies everybody here">⚠ {}</strong>').format(word)


def person_mention(user_id: str, names: Directory) -> Markup:
    mine = " mention-me" if user_id == names.viewer else ""
    return Markup('<span class="mention{}" title="{}">@{}</span>').format(mine, user_id, names.person(user_id))


def channel_mention(channel_id: str, names: Directory) -> Markup:
    return Markup('<span class="mention" title="{}">#{}</span>').format(channel_id, names.channel(channel_id))


def group_mention(group_id: str, names: Directory) -> Markup:
    return Markup('<span class="mention" title="{}">@{}</span>').format(group_id, names.group(group_id))


def _lines(text: str, names: Directory, verbatim: bool) -> Markup:
    """Render text outside of ``` blocks. Consecutive `>` lines become one quotation."""
    out: list[Markup] = []
    quote: list[Markup] = []
    lines = text.strip("\n").split("\n") if text.strip("\n") else []
    for line in lines:
        if mark := _QUOTE.match(line):
            quote.append(_inline(line[mark.end() :], names, verbatim))
            continue
        if quote:
            out.append(Markup("<blockquote>{}</blockquote>").format(Markup("<br>").join(quote)))
            quote = []
        elif out and not out[-1].endswith("</blockquote>"):
            out.append(Markup("<br>"))
        out.append(_inline(line, names, verbatim))
    if quote:
        out.append(Markup("<blockquote>{}</blockquote>").format(Markup("<br>").join(quote)))
    return Markup("").join(out)


def _inline(text: str, names: Directory, verbatim: bool) -> Markup:
    out: list[Markup] = []
    position = 0
    for match in _TOKEN.finditer(text):
        out.append(escape(unescape(text[position : match.start()])))
        out.append(_token(str(match.lastgroup), match[0], names, verbatim))
        position = match.end()
    out.append(escape(unescape(text[position:])))
    return Markup("").join(out)


def _token(kind: str, source: str, names: Directory, verbatim: bool) -> Markup:
    if kind == "code":
        return Markup("<code>{}</code>").format(_flat(source[1:-1], names))
    if kind == "angle":
        return _angle(source[1:-1], names)
    if kind == "emoji":
        return escape(emoji().get(source[1:-1], source))
    if kind == "url":
        return escape(unescape(source)) if verbatim else link(unescape(source), unescape(source))
    tag = Markup(_TAGS[kind])  # noqa: S704  (a value of _TAGS)
    return Markup("<{0}>{1}</{0}>").format(tag, _inline(source[1:-1], names, verbatim))


def _angle(content: str, names: Directory) -> Markup:
    """Render one `<…>` form.

    Unknown forms are shown as they are, except that an unknown `<!…>` form with a label is shown as its label.
    """
    target, _, label = content.partition("|")
    kind, rest = target[:1], unescape(target[1:])
    if kind == "@":
        return person_mention(rest, names)
    if kind == "#":
        return channel_mention(rest, names)
    if kind == "!":
        return _special(rest, unescape(label), names)
    address = unescape(target)
    if ":" not in address:
        return escape(f"<{unescape(content)}>")
    shown = unescape(label) or address.removeprefix("mailto:")
    return link(address, shown)


def _special(command: str, label: str, names: Directory) -> Markup:
    name, *rest = command.split("^")
    if name in _MASS:
        return mass_mention(_MASS[name])
    if name == "subteam" and rest:
        return group_mention(rest[0], names)
    if name == "date" and len(rest) >= 2:
        return date_element(rest[0], rest[1], label, rest[2] if len(rest) > 2 else None)
    return escape(label or f"<!{command}>")


def _flat(text: str, names: Directory) -> str:
    """Return the text inside code, without links.

    A mention becomes the name. Other `<…>` forms become their label or else their target. Unknown forms stay.
    """

    def word(match: re.Match[str]) -> str:
        target, _, label = match[1].partition("|")
        if target.startswith("@"):
            return f"@{names.person(target[1:])}"
        if target.startswith("#"):
            return f"#{names.channel(target[1:])}"
        if target.startswith("!") or ":" in target:
            return label or target.removeprefix("mailto:")
        return match[0]

    return unescape(re.sub(r"<([@#!]?[^<>\s|]+(?:\|[^<>\n]*)?)>", word, text))
