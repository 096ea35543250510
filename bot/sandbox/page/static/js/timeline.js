// The list of messages: lines between days, consecutive messages of one author, scrolling, and removal of old messages.
import { dayLine } from "./dates.js";

const KEEP = 240, TOO_MANY = 400, NEAR_END = 90, RUN_SECONDS = 300, HAND_MILLISECONDS = 1000;
const scrollerOf = (list) => list.closest(".history, .thread-list");

/** Keep the end of a growing list visible as long as a person hasn't scrolled away from it. */
export function watch(list) {
  const scroller = scrollerOf(list);
  if (!scroller || "watched" in list.dataset) return;
  list.dataset.watched = "";
  pin(scroller);
  const toEnd = () => { scroller.scrollTop = scroller.scrollHeight; };
  for (const name of ["wheel", "touchmove", "pointerdown", "keydown"]) {
    scroller.addEventListener(name, () => { scroller.touched = performance.now(); }, { passive: true });
  }
  scroller.addEventListener("scroll", () => {
    const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
    if (scroller.pinned && !atEnd && performance.now() - scroller.touched > HAND_MILLISECONDS) return; // the layout changed, and nobody scrolled
    scroller.pinned = atEnd;
    if (atEnd) jumpOf(scroller)?.setAttribute("hidden", "");
  }, { passive: true });
  new ResizeObserver(() => { if (scroller.pinned) toEnd(); }).observe(list);
  new ResizeObserver(() => { if (scroller.pinned) toEnd(); }).observe(scroller);
  toEnd();
}

/** Scroll to the end of a list, and keep the end visible until a person scrolls away. */
export function pin(scroller) {
  scroller.pinned = true;
  scroller.touched = -Infinity; // when a person last scrolled or typed: scrolling by the layout alone doesn't unpin the end
  scroller.scrollTop = scroller.scrollHeight;
}

const jumpOf = (scroller) => scroller.parentElement.querySelector(":scope > .jump");

/** Add lines between days, and join consecutive messages of one author. Checks only new messages and the messages after them. */
export function arrange(list) {
  const scroller = scrollerOf(list) ?? list;
  let before = null;
  for (const message of scroller.querySelectorAll(".msg")) {
    if (!("arranged" in message.dataset) || (before && before.dataset.fresh)) place(message, before);
    before = message;
  }
  for (const message of scroller.querySelectorAll(".msg[data-fresh]")) delete message.dataset.fresh;
}

function place(message, before) {
  const date = dateOf(message), last = before && dateOf(before);
  const line = message.previousElementSibling?.classList.contains("day") ? message.previousElementSibling : null;
  const sameDay = last && last.toDateString() === date.toDateString();
  if (sameDay || !message.closest(".history")) line?.remove();
  else if (!line) message.insertAdjacentElement("beforebegin", dividerFor(date));
  const run = sameDay && before.dataset.author === message.dataset.author && date - last < RUN_SECONDS * 1000
    && ![message, before].some((each) => "private" in each.dataset || "card" in each.dataset);
  message.classList.toggle("follow", Boolean(run));
  if (!("arranged" in message.dataset)) message.dataset.fresh = "1";
  message.dataset.arranged = "";
}

const dateOf = (message) => new Date(Number(message.dataset.ts.split(".")[0]) * 1000);

function dividerFor(date) {
  const line = document.createElement("div");
  line.className = "day";
  line.textContent = dayLine(date);
  return line;
}

/** Handle a new message: remove old messages if the end is visible. Otherwise show the button that leads to the end. */
export function grown(list) {
  const scroller = scrollerOf(list);
  if (!scroller) return;
  if (scroller.pinned) trim(scroller, list);
  else jumpOf(scroller)?.removeAttribute("hidden");
}

function trim(scroller, list) {
  const messages = scroller.querySelectorAll(".msg");
  if (messages.length <= TOO_MANY || !scroller.classList.contains("history")) return;
  const first = messages[messages.length - KEEP];
  for (const message of [...messages].slice(0, messages.length - KEEP)) {
    if (message.previousElementSibling?.classList.contains("day")) message.previousElementSibling.remove();
    message.remove();
  }
  scroller.querySelector(".older, .start")?.remove();
  const older = document.createElement("div");
  older.className = "older";
  older.textContent = "Earlier messages";
  older.setAttribute("hx-get", `${list.closest(".pane").dataset.url}/older?before=${first.dataset.ts}`);
  older.setAttribute("hx-trigger", "intersect once");
  older.setAttribute("hx-swap", "outerHTML");
  scroller.prepend(older);
  htmx.process(older);
}

document.addEventListener("click", (event) => {
  const jump = event.target.closest(".jump");
  if (!jump) return;
  pin(jump.parentElement.querySelector(".history"));
  jump.hidden = true;
});

// Keep the scroll position when earlier messages are added above. Some browsers don't do this by themselves.
let height = 0, top = 0;
document.addEventListener("htmx:beforeSwap", (event) => {
  const scroller = event.target.closest?.(".older")?.parentElement;
  if (scroller) [height, top] = [scroller.scrollHeight, scroller.scrollTop];
});
document.addEventListener("htmx:afterSwap", (event) => {
  const scroller = event.target.closest?.(".history");
  if (!scroller || !event.detail.requestConfig?.path.includes("/older")) return;
  arrange(scroller.querySelector(".list"));
  if (!CSS.supports("overflow-anchor", "auto") || top < 4) scroller.scrollTop = top + scroller.scrollHeight - height;
});
