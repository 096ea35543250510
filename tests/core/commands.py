"""A small table of commands to parse with: one of each kind of argument."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from bot.core.arguments import (
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
from bot.core.parsing import Grammar


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


@dataclass(frozen=True)
class Command:
    name: str
    usage: str
    args: type[BaseModel]
    changes: bool = False
    aliases: tuple[str, ...] = ()
    summary: str = ""


TABLE = (
    Command("home", "", NoArgs),
    Command("help", "help [COMMAND]", HelpArgs),
    Command("whoami", "whoami", NoArgs),
    Command("list", "db list [FILTER] [--group G] [--sort name]", ListArgs),
    Command("show", "db show NAME", ShowArgs),
    Command("usage", "usage [NAME] [--since 7d]", UsageArgs),
    Command("create", "db create NAME [--group G] [--location L]", CreateArgs, changes=True),
    Command("token", "token NAME [--read-only] [--expiration 1h]", TokenArgs, changes=True),
    Command("rotate", "rotate NAME", ShowArgs, changes=True),
    Command("destroy", "db destroy NAME [--now]", DestroyArgs, changes=True),
    Command("freeze", "db freeze NAME [--reads] [--for 30m]", FreezeArgs, changes=True),
    Command("protect", "db protect NAME on/off", ProtectArgs, changes=True),
    Command("requests", "requests", NoArgs, aliases=("reqs",)),
    Command("policy explain", "policy explain COMMAND… [--as @U] [--in #C]", ExplainArgs),
)
GRAMMAR = Grammar(TABLE)
