"""Read YAML into plain values, and record the line of each key and entry."""

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

Path = tuple[str | int, ...]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_NODES: Final = 100_000
_DEEPEST: Final = 100
"""How deeply lists and mappings may be nested. Tens of thousands of levels would crash the process."""
IGNORED: Final = "x-"
"""The prefix of keys that are ignored. They can contain anchors and notes, anywhere in the file."""
_MERGE: Final = "tag:yaml.org,2002:merge"
_Pair = tuple[yaml.Node, yaml.Node]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error or a warning about a policy file."""

    line: int
    """Counted from 1. 0 means the whole file."""
    key: str
    """The path of the key: `channels.C0DBOPS.rules[3].quorum`."""
    sentence: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.key}: {self.sentence}" if self.key else f"{where}{self.sentence}"


@dataclass(slots=True)
class Document:
    """A YAML file: its values, the lines of keys and entries, and the problems so far."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    misread: dict[Path, str] = field(default_factory=dict)
    """The original text of values that YAML read as a whole number, a boolean or null: `no`, `007`, `1:30`."""

    def problem(self, path: Path, sentence: str) -> Problem:
        """Return a problem at `path`, or at its nearest parent that is in the file."""
        at = path
        while at and at not in self.lines:
            at = at[:-1]
        return Problem(self.lines.get(at, 1), key_text(path), sentence)


def key_text(path: Path) -> str:
    """Format a path for people: `channels.C0DBOPS.rules[3].quorum`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def quote(value: object) -> str:
    """Return a value in back-ticks. A long value is shortened, because it may be a pasted token."""
    text = str(value).replace("`", "'")
    return f"`{text}`" if len(text) <= 40 else f"`{text[:8]}…`"


def read(text: str) -> Document:
    """Read a file. Raises nothing: errors are in `problems`."""
    document = Document()
    loader = None
    try:
        _require_shallow(text)
        loader = _LOADER(text)
        node = loader.get_single_node()
        document.value = None if node is None else _NodeReader(loader, document).value(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = error.problem or error.context or "it can't be read"
        sentence = f"this isn't valid YAML: {why}"
        document.problems.append(Problem(mark.line + 1 if mark else 0, "", sentence))
    except Exception as error:  # the library raises many types of errors, and none may stop the process
        why = (str(error).splitlines() or [type(error).__name__])[0][:200]
        document.problems.append(Problem(0, "", f"this isn't valid YAML: {why}"))
    finally:
        if loader is not None:
            loader.dispose()
    return document


def _require_shallow(text: str) -> None:
    """Raise ValueError if a text is nested too deeply. Reads events, because reading nodes is recursive."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"its lists and mappings are nested more than {_DEEPEST} deep")


class _NodeReader:
    """Converts YAML nodes to values."""

    def __init__(self, loader: Any, document: Document) -> None:
        self.loader, self.document = loader, document
        self.seen = 0
        self.open: set[int] = set()
        self.merging: set[int] = set()
        self.pairs: dict[int, dict[str, _Pair]] = {}

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.seen += 1
        self._require_few()
        if id(node) in self.open:
            raise ValueError("its anchors refer to themselves")
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(entry, (*path, at)) for at, entry in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self.open.discard(id(node))

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, (key_node, value_node) in self._merged(node, path).items():
            if key.startswith(IGNORED):
                continue
            inner = (*path, key)
            self.document.lines[inner] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, inner)
        return result

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, _Pair]:
        """Return a mapping's entries, including those merged by `<<`, which its own keys override.

        PyYAML's `flatten_mapping` isn't used because it changes the nodes. Then own and merged keys couldn't be
        distinguished, and nested merges would grow without limit.
        """
        if id(node) in self.pairs:
            return self.pairs[id(node)]
        merged: dict[str, _Pair] = {}
        own: dict[str, _Pair] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged |= self._sources(value_node, path)
                continue
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in own:
                where = key_text((*path, key))
                problem = Problem(key_node.start_mark.line + 1, where, "this key is given twice")
                self.document.problems.append(problem)
            else:
                own[key] = key_node, value_node
        found = self.pairs[id(node)] = merged | own
        return found

    def _sources(self, node: yaml.Node, path: Path) -> dict[str, _Pair]:
        """Return the entries that one `<<` merges, from one mapping or a list of them. Earlier ones in a list win."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, _Pair] = {}
        for source in reversed(sources):
            if not isinstance(source, yaml.MappingNode):
                sentence = "`<<` takes a mapping (`*name`), or a list of them"
                self.document.problems.append(Problem(source.start_mark.line + 1, key_text(path), sentence))
                continue
            if id(source) in self.merging:
                raise ValueError("its anchors refer to themselves")
            self.merging.add(id(source))
            found |= self._merged(source, path)
            self.merging.discard(id(source))
            self.seen += len(found)
            self._require_few()
        return found

    def _require_few(self) -> None:
        if self.seen > _MOST_NODES:
            raise ValueError(f"it has more than {_MOST_NODES:,} values, where each use of an anchor counts")

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        kind = node.tag.rpartition(":")[2]
        if kind in ("null", "bool", "int"):
            return self._constructed(node, path)
        if kind not in ("str", "float", "timestamp", "value"):
            self.document.problems.append(self.document.problem(path, f"`{node.tag}` isn't allowed in a policy"))
        return node.value

    def _constructed(self, node: yaml.ScalarNode, path: Path) -> Any:
        """Return the value of a scalar with its tag's type, or report a problem if the text doesn't fit the tag."""
        try:
            value = self.loader.construct_object(node)
        except Exception:
            kind = node.tag.rpartition(":")[2]
            problem = self.document.problem(path, f"{quote(node.value)} can't be read as `!!{kind}`")
            self.document.problems.append(problem)
            return node.value
        if node.value:
            self.document.misread[path] = node.value
        return value
