"""Parse the words after a command's name into its argument model."""

import re
from itertools import takewhile
from typing import Any, Final, Generic

from pydantic import ValidationError

from bot.core.declaration import Declaration
from bot.core.parsing.argument_schema import Argument, partial_of, shape_of
from bot.core.parsing.arguments import quoted
from bot.core.parsing.normalise import Word, quote
from bot.core.parsing.parse_results import Common, Incomplete, Parsed, S, UnknownOption, close
from bot.errors import BadInput

_PRIVATE: Final = Argument("private", "private", "--private", required=False, flag=True)
_COMMON: Final = {
    "--reason": Argument("reason", "reason", "--reason", required=False),
    "--ticket": Argument("ticket", "ticket", "--ticket", required=False),
    "--dry-run": Argument("dry_run", "dry_run", "--dry-run", required=False, flag=True),
}


_UNNEEDED: Final = frozenset({"--yes", "-y", "--force", "-f"})
_OPTION: Final = re.compile(r"-[-A-Za-z]")


class Reader(Generic[S]):
    """A parser of the words after a command's name, for one command line."""

    def __init__(self, spec: S) -> None:
        self.spec = spec
        self.shape = shape_of(spec.args)
        self.given: dict[str, Any] = {}
        self.common: dict[str, Any] = {}
        self.words: list[Word] = []
        self.reason_at = -1
        """The number of positional words before `--reason TEXT`. Those after it may belong to an unquoted reason."""

    def read(self, words: list[Word], text: str) -> Parsed[S] | Incomplete[S]:
        at = 0
        while at < len(words):
            at = self._step(words, at)
        self._place()
        common = Common(**self.common)
        try:
            args = self.spec.args.model_validate(self.given)
        except ValidationError as error:
            return self._incomplete(error, common, text)
        return Parsed(self.spec, args, common, text)

    def _step(self, words: list[Word], at: int) -> int:
        word = words[at]
        if word.literal or not _OPTION.match(word.text):
            self.words.append(word)
            return at + 1
        if word.text == "--":
            self.words.extend(Word(later.text, literal=True) for later in words[at + 1 :])
            return len(words)
        name, equals, value = word.text.partition("=")
        argument = self._option(name)
        if argument is None:
            self.words.append(word)
            return at + 1
        if argument.flag:
            self._set(argument, _flag(argument, value) if equals else True)
            return at + 1
        if equals:
            self._set(argument, value)
            return at + 1
        value, count = self._value(argument, words, at + 1)
        self._set(argument, value)
        return at + 1 + count

    def _option(self, typed: str) -> Argument | None:
        name = typed.lower().replace("_", "-") if typed.startswith("--") else typed
        argument = self.shape.options.get(name) or (_PRIVATE if name == "--private" else None)
        if argument is None and self.spec.changes:
            argument = _COMMON.get(name)
        if argument is None and self.shape.rest is None:
            if name in _UNNEEDED:
                raise BadInput(f"`{name}` isn't needed. Dangerous operations ask for confirmation anyway.")
            known = {*self.shape.options, "--private", *(_COMMON if self.spec.changes else ())}
            raise UnknownOption(typed, self.spec, close(name, {option for option in known if option[1] == "-"}))
        return argument

    def _value(self, argument: Argument, words: list[Word], at: int) -> tuple[str, int]:
        """Return the value of an option, and how many words it has."""
        word = words[at] if at < len(words) else None
        if word is None or (not word.literal and word.text.startswith("--") and len(word.text) > 2):
            raise BadInput(f"`{argument.label}` needs a value. Usage: `/turso {self.spec.usage}`")
        if argument.count is None or word.literal:
            return word.text, 1
        following = takewhile(lambda one: not one.literal and not _OPTION.match(one.text), words[at:])
        count = argument.count([one.text for one in following] or [word.text])
        return " ".join(one.text for one in words[at : at + count]), count

    def _set(self, argument: Argument, value: object) -> None:
        common = argument is _PRIVATE or argument is _COMMON.get(argument.label)
        into = self.common if common else self.given
        if argument.key in into and not (argument.flag and into[argument.key] == value):
            raise BadInput(f"`{argument.label}` is given twice.")
        into[argument.key] = value.strip() if common and isinstance(value, str) else value
        if argument is _COMMON["--reason"]:
            self.reason_at = len(self.words)

    def _place(self) -> None:
        """Assign the positional words to positional arguments.

        The remaining words go to the argument that takes all remaining words, or to an unquoted reason. Otherwise they
        are an error.
        """
        places = [place for place in self.shape.places if place.key not in self.given]
        for place, word in zip(places, self.words, strict=False):
            self.given[place.key] = word.text
        left = self.words[len(places) :]
        if not left:
            return
        if rest := self.shape.rest:
            texts = [word.text for word in left]
            self.given[rest.key] = " ".join(map(_quote, left)) if rest.joined else tuple(texts)
        elif self.reason_at == len(self.words) - len(left):
            self.common["reason"] = " ".join([self.common["reason"], *(word.text for word in left)])
        else:
            hint = "Put the reason in quotes." if self.reason_at >= 0 else f"Usage: `/turso {self.spec.usage}`"
            raise BadInput(f"Unexpected {quoted(left[0].text)}. {hint}")

    def _incomplete(self, error: ValidationError, common: Common, text: str) -> Incomplete[S]:
        problems = error.errors(include_url=False, include_context=False)
        missing = tuple(str(problem["loc"][0]) for problem in problems if problem["type"] == "missing")
        wrong = [text for key, text in field_errors(error, self.spec).items() if key not in missing]
        if wrong:
            raise BadInput(wrong[0])
        args = partial_of(self.spec.args).model_validate(self.given)
        return Incomplete(self.spec, self.given, missing, args, common, text)


def field_errors(error: ValidationError, spec: Declaration) -> dict[str, str]:
    """Return one message per invalid argument, by its key. The key `""` has an error about all of them."""
    shape = shape_of(spec.args)
    errors: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_context=False):
        argument = shape.by_key.get(str(problem["loc"][0])) if problem["loc"] else None
        if argument is None:
            sentence = f"{_sentence(problem['msg'].removeprefix('Value error, '))} Usage: `/turso {spec.usage}`"
        elif problem["type"] == "value":
            sentence = problem["msg"].replace("{label}", argument.label)
        else:
            predicate = _predicate(problem["type"], problem["msg"], problem["input"])
            sentence = _sentence(f"`{argument.label}` {predicate}")
        errors.setdefault(argument.key if argument else "", sentence)
    return errors


def _predicate(kind: str, message: str, value: object) -> str:
    if kind == "argument":
        return message
    if kind == "missing":
        return "is required"
    if kind == "literal_error":
        choices = message.removeprefix("Input should be ").replace("'", "`")
        return f"takes {choices}, not {quoted(value)}"
    return f"can't be {quoted(value)}: {message[:1].lower()}{message[1:]}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _flag(argument: Argument, value: str) -> bool:
    word = value.lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise BadInput(f"`{argument.label}` takes no value. Leave out {quoted(value)}.")


def _quote(word: Word) -> str:
    return quote(word.text, always=True) if word.literal or not word.text else word.text
