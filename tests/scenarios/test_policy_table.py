"""A table of permissions (person × channel × command), tested by typing each command in the sandbox."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.core.model import Action, Decision, Subject
from tests.scenarios import forging
from tests.scenarios.conftest import checked_sandbox
from tests.scenarios.decisions import of_the_line, record_decisions
from tests.scenarios.outcomes import outcomes_of
from tests.soak import one_in
from tests.world import ANA, BEN, DANA, DB_OPS, GENERAL, GIL, INCIDENT, ORDERS, REMY, SHARED, STELLA, ZED, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

PEOPLE = {"dba": ANA, "both": BEN, "developer": DANA, "responder": REMY, "guest": GIL, "outsider": STELLA, "gone": ZED}
"""Ana administers databases, Remy responds to incidents, and Ben does both."""
CHANNELS = {"db-ops": DB_OPS, "orders": ORDERS, "incident": INCIDENT, "general": GENERAL, "shared": SHARED, "dm": "DM"}
WORDS = {"+": "allow", "?": "approve", "-": "deny"}
TABLE = """
channel   command                          dba both developer responder guest outsider gone
db-ops    ls                                +   +      +         +       -      -      -
db-ops    show users                        +   +      +         +       -      -      -
db-ops    usage                             +   +      +         +       -      -      -
db-ops    audit                             +   +      +         +       -      -      -
db-ops    requests                          +   +      +         +       -      -      -
db-ops    whoami                            +   +      +         +       -      -      -
db-ops    help                              +   +      +         +       -      -      -
db-ops    create new-one                    +   +      +         +       -      -      -
db-ops    token users --read-only           +   +      +         +       -      -      -
db-ops    token users                       ?   ?      ?         ?       -      -      -
db-ops    token users --expiration 48h      -   -      -         -       -      -      -
db-ops    token users --expiration never    -   -      -         -       -      -      -
db-ops    freeze users                      ?   +      ?         +       -      -      -
db-ops    protect users on                  ?   ?      ?         ?       -      -      -
db-ops    rotate users                      ?   ?      ?         ?       -      -      -
db-ops    destroy users                     ?   ?      ?         ?       -      -      -
db-ops    destroy users --now               ?   ?      ?         ?       -      -      -
db-ops    destroy prod-eu --now             -   -      -         -       -      -      -
db-ops    destroy prod-eu                   ?   ?      ?         ?       -      -      -
db-ops    incident start INC-1              -   +      -         +       -      -      -
db-ops    digest on --daily 09:00           +   +      +         +       -      -      -
orders    ls                                +   +      +         +       -      -      -
orders    show orders                       +   +      +         +       -      -      -
orders    show users                        -   -      -         -       -      -      -
orders    token orders                      -   -      ?         -       -      -      -
orders    token orders --read-only          -   -      ?         -       -      -      -
orders    token users                       -   -      -         -       -      -      -
orders    destroy orders --now              -   -      -         -       -      -      -
orders    create orders-new                 -   -      -         -       -      -      -
orders    freeze orders                     -   -      -         -       -      -      -
orders    incident start INC-1              -   -      -         -       -      -      -
incident  ls                                -   -      -         -       -      -      -
incident  show users                        -   -      -         -       -      -      -
incident  incident start INC-1              -   +      -         +       -      -      -
incident  token users --read-only           -   -      -         -       -      -      -
incident  help                              +   +      +         +       -      -      -
general   ls                                -   -      -         -       -      -      -
general   token users                       -   -      -         -       -      -      -
general   whoami                            +   +      +         +       -      -      -
shared    ls                                -   -      -         -       -      -      -
shared    help                              -   -      -         -       -      -      -
shared    incident start INC-1              -   -      -         -       -      -      -
dm        help                              +   +      +         +       -      -      -
dm        whoami                            +   +      +         +       -      -      -
dm        ls                                -   -      -         -       -      -      -
dm        token users                       -   -      -         -       -      -      -
dm        incident start INC-1              -   -      -         -       -      -      -
"""
"""`+` means allowed at once, `?` allowed with another person's approval, and `-` refused."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the table: a person types a line in a channel, and the policy must give this verdict."""

    channel: str
    line: str
    person: str
    verdict: str


def cells() -> Iterator[Cell]:
    """Yield the cells of the table."""
    head, *lines = TABLE.strip().splitlines()
    people = head.split()[2:]
    for line in lines:
        channel, *words = line.split()
        text = " ".join(words[: -len(people)])
        for person, sign in zip(people, words[-len(people) :], strict=True):
            yield Cell(channel, text, person, WORDS[sign])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run the sandbox with another database, `prod-eu`, about which the policy's ceiling has rules."""
    async with checked_sandbox(tmp_path_factory.mktemp("world")) as found:
        await found.create_databases("prod-eu")
        yield found


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Subject, Action, Decision]]:
    """Return a list to which each policy decision is added while the test runs."""
    return record_decisions(monkeypatch)


@pytest.mark.parametrize("cell", one_in(3, list(cells())), ids=lambda one: f"{one.channel}: {one.line} as {one.person}")
async def test_the_policy_decides_as_the_table_says(
    world: World, decided: list[tuple[Subject, Action, Decision]], cell: Cell
) -> None:
    assert world.bot is not None
    command = world.bot.env.grammar.parse(cell.line).spec
    person = PEOPLE[cell.person]
    state = world.workspace.state
    channel = state.direct_channel(person).id if cell.channel == "dm" else CHANNELS[cell.channel]
    line = f"{cell.line} --dry-run" if command.changes else cell.line
    before = len(world.changes("POST")) + len(world.changes("DELETE")) + len(world.changes("PATCH"))

    outcomes = outcomes_of(world)
    await forging.forge_command(world, person, channel, line)
    await world.wait_until_idle()

    typed = of_the_line(decided, person, channel)
    own = [one for _, action, one in typed if action.command == command.name]
    assert own[-1].verdict.value == cell.verdict, own[-1].reason
    assert outcomes() == ["refused" if cell.verdict == "deny" else "planned" if command.changes else "answered"]
    assert before == len(world.changes("POST")) + len(world.changes("DELETE")) + len(world.changes("PATCH"))
    assert cell.verdict != "approve" or person not in own[-1].approvers.ids
