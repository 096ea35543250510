"""Parse the text after `/turso` into a command and its validated arguments. For invalid text, raises only BadInput."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final, Generic

from bot.core.catalogue import CommandCatalogue
from bot.core.parsing.argument_parsing import Reader
from bot.core.parsing.normalise import Word, normalise, split
from bot.core.parsing.parse_results import LONGEST_TEXT, Incomplete, Parsed, S, TextTooLong, UnknownCommand, close


class Grammar(Generic[S]):
    """A parser of command lines. Creating it indexes the commands, so create it only once."""

    def __init__(self, table: Sequence[S]) -> None:
        self.catalogue: Final = CommandCatalogue(table)
        self._by_name = {spec.name: spec for spec in table}
        self._phrases: dict[tuple[str, ...], S] = {}
        for spec in table:
            for phrase in (spec.name, *spec.aliases):
                self._add(phrase, spec)
        self._longest = max(map(len, self._phrases), default=0)

    def _add(self, phrase: str, spec: S) -> None:
        words = tuple(phrase.split())
        self._phrases.setdefault(words, spec)
        self._phrases.setdefault(("db", *words), spec)

    def spec(self, name: str) -> S | None:
        """Return the command with this name or spelling. None if there is none."""
        return self._phrases.get(tuple(name.lower().split()))

    def named(self, text: str) -> S:
        """Return the command at the beginning of a text. Raises UnknownCommand with names to suggest."""
        words = split(normalise(text))
        return self._command(words[_before_command(words) :])[0]

    def parse(self, text: str) -> Parsed[S] | Incomplete[S]:
        """Parse a command line. With `--help`, it is `help` about the command.

        Returns:
            Parsed, or Incomplete if a required argument is missing and all others are valid.
        Raises:
            BadInput: the only error, for any text. It says what is wrong and what to write.
        """
        if len(text) > LONGEST_TEXT:
            raise TextTooLong(len(text))
        plain = normalise(text)
        words = split(plain)
        words = words[_before_command(words) :]
        spec, used = self._command(words)
        if any(not word.literal and word.text in ("--help", "-h") for word in words) and (help_ := self.spec("help")):
            named = [] if spec.name == self.catalogue.home else [Word(spec.name)]
            return Reader(help_).read(named, plain.strip())
        return Reader(spec).read(words[used:], plain.strip())

    def _command(self, words: list[Word]) -> tuple[S, int]:
        if not words or words[0].text in ("--private", "--help", "-h"):
            return self._home(), 0
        # A quoted word is a value, because a database may have the name of a subcommand.
        bare = [words[0], *takewhile(lambda word: not word.literal, words[1 : self._longest])]
        heads = [word.text.lower().strip(_MARKUP).lstrip(":,;") for word in bare]
        for length in range(len(heads), 0, -1):
            if spec := self._phrases.get(tuple(heads[:length])):
                return spec, length
        raise self._unknown(heads)

    def _home(self) -> S:
        home = self._by_name.get(self.catalogue.home)
        if home is None:
            raise UnknownCommand("", ())
        return home

    def _unknown(self, heads: list[str]) -> UnknownCommand:
        typed = heads[1:] if heads[0] == "db" else heads
        if not typed:
            written = [one.name for one in self.catalogue.commands if one.usage.startswith("db ")]
            return UnknownCommand("db", tuple(written[:3]))
        groups = sorted({" ".join(words) for words in self._phrases if words[0] == typed[0] and len(words) > 1})
        if groups:
            return UnknownCommand(" ".join(typed[:2]), tuple(groups[:4]))
        if meant := self.catalogue.synonyms.get(typed[0]):
            return UnknownCommand(typed[0], (meant,))
        names = {" ".join(words) for words in self._phrases if words[0] != "db"}
        return UnknownCommand(typed[0], close(typed[0], names))


_MARKUP: Final = "*_~`"
_PUNCTUATION: Final = ":,;.!-–—•·>"


def _before_command(words: Sequence[Word]) -> int:
    """Return how many words come before the command: a mention, punctuation, bullets and the name `turso`."""
    at = 0
    while at < len(words) and not words[at].literal:
        bare = words[at].text.strip(_MARKUP + ":,").lower()
        is_name = bare.startswith("<@") or bare in ("turso", "/turso")
        if not is_name and bare.strip(_PUNCTUATION):
            break
        at += 1
    return at


def parse(text: str, table: Sequence[S]) -> Parsed[S] | Incomplete[S]:
    """Parse one command line. Raises BadInput. To parse many lines, create one `Grammar`."""
    return Grammar(table).parse(text)
