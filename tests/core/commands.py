"""A small table of commands for tests of the parser, with many kinds of arguments."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from bot.core.declaration import Declaration
from bot.core.model import Risk
from bot.core.parsing.arguments import (
    ChannelRef,
    Count,
    DatabaseName,
    Duration,
    Expiration,
    GroupName,
    LocationCode,
    Month,
    OnOff,
    Positional,
    Rest,
    Since,
    UserRef,
)
from bot.core.parsing.grammar import Grammar


class NoArgs(BaseModel):
    pass


class HelpArgs(BaseModel):
    command: Annotated[str | None, Rest()] = None


class ListArgs(BaseModel):
    filter: Annotated[str | None, Positional()] = None
    group: GroupName | None = None
    sort: Literal["name", "size", "reads", "writes"] = "name"
    page: Count = 1


class ShowArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]


class UsageArgs(BaseModel):
    name: Annotated[DatabaseName | None, Positional()] = None
    since: Since | None = None
    month: Month | None = None
    top: Count = 10

    @model_validator(mode="after")
    def one_period(self) -> Self:
        if self.since and self.month:
            raise ValueError("Say `--since` or `--month`, not both.")
        return self


class CreateArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    group: GroupName | None = None
    location: LocationCode | None = None


class TokenArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    read_only: bool = False
    expiration: Expiration = Expiration("1h")


class DestroyArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    now: bool = False


class FreezeArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    reads: bool = False
    lasting: Duration | None = Field(None, alias="for")


class ProtectArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    state: Annotated[OnOff, Positional()]


class ExplainArgs(BaseModel):
    command: Annotated[str, Rest()]
    person: UserRef | None = Field(None, alias="as")
    channel: ChannelRef | None = Field(None, alias="in")


def declare(name: str, usage: str, args: type[BaseModel], *, changes: bool = False, **more: Any) -> Declaration:
    """Declare a command that is parsed and never run."""
    kind = Change if changes else Declaration
    return kind(name=name, usage=usage, summary="", args=args, risk=Risk.MEDIUM if changes else Risk.READ, **more)


@dataclass(frozen=True, kw_only=True)
class Change(Declaration):
    changes: bool = field(default=True, init=False)


TABLE = (
    declare("home", "", NoArgs),
    declare("help", "help [COMMAND]", HelpArgs),
    declare("whoami", "whoami", NoArgs),
    declare("list", "db list [FILTER] [--group G] [--sort name]", ListArgs, aliases=("ls",)),
    declare("show", "db show NAME", ShowArgs, synonyms=("info",)),
    declare("create", "db create NAME [--group G] [--location L]", CreateArgs, changes=True),
    declare("usage", "usage [NAME] [--since 7d]", UsageArgs, aliases=("inspect",)),
    declare("token", "token NAME [--read-only] [--expiration 1h]", TokenArgs, changes=True, aliases=("tokens create",)),
    declare("rotate", "rotate NAME", ShowArgs, changes=True, aliases=("tokens invalidate",)),
    declare("destroy", "db destroy NAME [--now]", DestroyArgs, changes=True, aliases=("rm",), synonyms=("delete",)),
    declare("freeze", "db freeze NAME [--reads] [--for 30m]", FreezeArgs, changes=True),
    declare("protect", "db protect NAME on/off", ProtectArgs, changes=True),
    declare("requests", "requests", NoArgs, aliases=("reqs",)),
    declare("policy explain", "policy explain COMMAND… [--as @U] [--in #C]", ExplainArgs),
)
GRAMMAR = Grammar(TABLE)
