"""Reference tables: the first columns are generated from the code, and the last column is written by hand and kept.

A table is between `<!-- generated: NAME -->` and `<!-- end -->`. `pytest tests/docs --update-golden` rewrites it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.docs.pages import DOCS

Row = tuple[str, ...]
"""The cells of a row that come from the code. The first one identifies the row."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a page."""

    page: str
    name: str
    header: Row
    """The titles of all columns, including the one that is written by hand."""
    rows: Sequence[Row]

    def read(self) -> str:
        """Return the text of the page."""
        return (DOCS / self.page).read_text(encoding="utf-8")

    @property
    def marked(self) -> re.Pattern[str]:
        """Return a pattern that matches the table and the comments around it."""
        return re.compile(rf"<!-- generated: {re.escape(self.name)} -->\n(.*?)<!-- end -->", re.DOTALL)

    def written(self, text: str) -> dict[str, str]:
        """Return the descriptions in the page's table, by the first cell of their row."""
        found = self.marked.search(text)
        assert found, f"docs/{self.page} lacks `<!-- generated: {self.name} -->` … `<!-- end -->`"
        lines = [re.split(r"(?<!\\)\|", line.strip()[1:-1]) for line in found[1].splitlines() if line.startswith("|")]
        return {cells[0].strip(): cells[-1].strip() for cells in lines[2:]}

    def drawn(self, text: str) -> str:
        """Return the page with the table that the code generates."""
        described = self.written(text)
        rows = [(*row, described.get(row[0], "")) for row in self.rows]
        rule = tuple("---" for _ in self.header)
        lines = ["| " + " | ".join(cells).rstrip() + " |" for cells in (self.header, rule, *rows)]
        body = "\n".join(["<!-- generated: " + self.name + " -->", *lines, "<!-- end -->"])
        return self.marked.sub(lambda _: body, text, count=1)

    def lacking(self, text: str) -> list[str]:
        """Return the first cells of the rows without a description."""
        described = self.written(text)
        return [row[0] for row in self.rows if not described.get(row[0])]


def code(text: object) -> str:
    """Format a cell as code."""
    return f"`{str(text).replace('|', chr(92) + '|')}`"
