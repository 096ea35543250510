"""The command line with which a request can be made again."""

from bot.commands.base import Command
from bot.core.parsing.argument_schema import shape_of
from bot.core.parsing.moments import Moment
from bot.core.parsing.normalise import is_subcommand, quote
from bot.core.parsing.parse_results import Parsed
from bot.core.requests.plan import Plan


def line_again(read: Parsed[Command], plan: Plan) -> str:
    """Return the line of a request, for the button that makes it again.

    It is the line as typed. But a time such as `15m ago` or `14:02` becomes the exact time of the plan, because it
    would mean another time later, or for a person in another time zone.
    """
    typed = next((one for one in read.args.__dict__.values() if isinstance(one, Moment)), None)
    at = plan.arguments.get("at")
    if typed is None or typed.incident or not isinstance(at, str):
        return read.text
    given = read.args.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    given = {key: at if value == typed else value for key, value in given.items()}
    shape, common = shape_of(type(read.args)), read.common
    places, name = [str(given[one.key]) for one in shape.places if one.key in given], read.spec.name
    parts = [name, *(quote(one, always=is_subcommand(name, one)) for one in places)]
    for one in dict.fromkeys(shape.options.values()):
        if one.key in given:
            parts += [one.label] if one.flag else [one.label, quote(str(given[one.key]))]
    for label, text in (("--reason", common.reason), ("--ticket", common.ticket)):
        parts += [label, quote(text, always=True)] if text else []
    return " ".join([*parts, *(["--private"] if common.private else [])])
