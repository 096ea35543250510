"""A module whose name begins with an underscore is imported only in its own folder and the folders in it.

In `commands/`, the underscore has another meaning: the module isn't a command.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def modules_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of everything that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def forbidden_imports(path: Path, source: str) -> list[str]:
    """Return the imports of a file that use a helper of another folder."""
    folder = ".".join(path.relative_to(ROOT).parent.parts)
    found = []
    for line, name in modules_in(ast.parse(source)):
        parts = name.split(".")
        private = next((at for at, part in enumerate(parts) if part.startswith("_") and not part.endswith("__")), None)
        if (
            parts[0] != "bot"
            or parts[1] == "commands"
            or private is None
            or not ROOT.joinpath(*parts[:private]).is_dir()
        ):
            continue
        owner = ".".join(parts[:private])
        if folder != owner and not folder.startswith(f"{owner}."):
            found.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    return found


def test_no_folder_of_the_bot_imports_a_helper_of_another_folder() -> None:
    files = sorted((ROOT / "bot").rglob("*.py"))

    assert len(files) > 300
    assert [one for path in files for one in forbidden_imports(path, path.read_text(encoding="utf-8"))] == []


def test_an_import_of_another_folders_helper_is_found() -> None:
    outside, inside = ROOT / "bot" / "app" / "x.py", ROOT / "bot" / "slack" / "outgoing" / "x.py"

    for source in ("import bot.slack.outgoing._views", "from bot.slack.outgoing import _views\n"):
        assert forbidden_imports(outside, source) == ["bot/app/x.py:1 imports bot.slack.outgoing._views"]
        assert forbidden_imports(inside, source) == []
    assert forbidden_imports(outside, "from bot.app.serving import _tuned") == []
    assert forbidden_imports(outside, "from bot.commands.databases import _holds") == []
