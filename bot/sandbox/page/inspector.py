"""The inspector: the latest deliveries to the app and calls from it. Private content is hidden from other people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from bot.sandbox.workspace.records import Call, Change, Delivery

from .administration import Administration
from .faults import ANSWERS, CODES, METHODS, TIMES, Switch, custom
from .page_renderer import PageRenderer
from .privacy import may_look
from .render.renderer import Renderer
from .scene import Scene
from .turso_panel import SHARES, TursoFacts

_ROWS = 120


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the inspector: a call if `is_call`, otherwise a delivery.

    `about` is an error, an HTTP status other than 200, the person who acted, or empty. `cost` is the time that it took.
    """

    key: str
    is_call: bool
    what: str
    about: str
    cost: str
    bad: bool
    at: datetime


class Inspector:
    """The inspector as one person sees it."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self._workspace = scene, scene.workspace
        self._drawing = PageRenderer(scene)

    def drawer(
        self,
        faults: Sequence[Switch],
        moved: str,
        platform_url: str | None,
        turso: TursoFacts | None,
        *,
        can_reset: bool = False,
    ) -> Markup:
        """Return the whole drawer: clock, addresses, the local Turso, faults, administration and log."""
        return self._drawing.template(
            "lab.html",
            rows=self._rows(),
            faults=faults,
            now=self._workspace.now(),
            moved=moved,
            platform_url=platform_url,
            turso=turso,
            shares=SHARES,
            can_reset=can_reset,
            **self._own_faults(),
            **Administration(self._workspace).facts(),
        )

    def custom_faults(self) -> Markup:
        """Return the part of the drawer with the custom faults."""
        return self._drawing.template("_own_faults.html", **self._own_faults())

    def _own_faults(self) -> dict[str, Any]:
        own = custom(self._workspace.faults)
        return {"own": own, "answers": ANSWERS, "methods": METHODS, "codes": CODES, "times": TIMES}

    def row_of(self, change: Change) -> Markup:
        """Return the row for a delivery or a call that has just been recorded."""
        if change.call is not None:
            return self._drawing.template("_lab_row.html", row=self._call_row(change.call))
        assert change.delivery is not None
        return self._drawing.template("_lab_row.html", row=self._delivery_row(change.delivery))

    def detail(self, key: str) -> Markup:
        """Return an entry's facts and content. If this person may not see the content, it is left out.

        Raises:
            LookupError: there is no such entry.
        """
        record = self._find(key)
        facts = _facts_of_call(record) if isinstance(record, Call) else _facts_of_delivery(record, self._name)
        allowed, owner = may_look(self._workspace, self._scene.person.id, record)
        return self._drawing.template(
            "lab_detail.html",
            d=record,
            is_call=isinstance(record, Call),
            facts=facts,
            withheld=None if allowed else self._name(owner),
            r=Renderer(self._scene.directory()),
        )

    def _rows(self) -> list[Row]:
        rows = [self._call_row(call) for call in self._workspace.calls[-_ROWS:]]
        rows += [self._delivery_row(delivery) for delivery in self._workspace.deliveries[-_ROWS:]]
        return sorted(rows, key=lambda row: row.at, reverse=True)[:_ROWS]

    def _call_row(self, call: Call) -> Row:
        bad = call.error is not None or call.status >= 400
        about = call.error or ("" if call.status == 200 else str(call.status))
        return Row(f"c{call.id}", True, call.method, about, f"{call.milliseconds:.0f} ms", bad, call.at)

    def _delivery_row(self, delivery: Delivery) -> Row:
        about = delivery.failure or (self._name(delivery.person_id) if delivery.person_id else "")
        cost = "–" if delivery.milliseconds is None else f"{delivery.milliseconds:.0f} ms"
        what = delivery.kind + (f" (retry {delivery.attempt})" if delivery.attempt else "")
        return Row(f"d{delivery.id}", False, what, about, cost, not delivery.ok, delivery.sent_at)

    def _find(self, key: str) -> Call | Delivery:
        for call in reversed(self._workspace.calls):
            if key == f"c{call.id}":
                return call
        for delivery in reversed(self._workspace.deliveries):
            if key == f"d{delivery.id}":
                return delivery
        raise LookupError(key)

    def _name(self, person_id: str | None) -> str:
        person = self._workspace.people.get(person_id or "")
        return person.real_name if person else "somebody else"


def _facts_of_delivery(delivery: Delivery, name: Any) -> Iterator[tuple[str, str, bool]]:
    yield "Kind", delivery.kind, False
    if delivery.person_id:
        yield "By", name(delivery.person_id), False
    yield "Over", f"HTTP to {delivery.url}" if delivery.over == "http" else "Socket Mode", False
    yield "Sent", delivery.sent_at.isoformat(sep=" ", timespec="milliseconds"), False
    if delivery.signature:
        accepted = delivery.status is not None and delivery.status != 401
        yield "Signature", delivery.signature, False
        yield "Signature check", "accepted by the app" if accepted else "not accepted", accepted
    if delivery.attempt:
        yield "Retry", str(delivery.attempt), False
    yield "Answer", f"{delivery.status or '–'} {delivery.failure or ''}".strip(), delivery.ok


def _facts_of_call(call: Call) -> Iterator[tuple[str, str, bool]]:
    yield "Method", call.method, False
    yield "At", call.at.isoformat(sep=" ", timespec="milliseconds"), False
    yield "Took", f"{call.milliseconds:.1f} ms", False
    yield "Answer", f"HTTP {call.status}" + (f", {call.error}" if call.error else ", ok"), call.error is None
