// The composer: slash commands with hints for their arguments, mentions, sending with Enter, and recall of sent lines.
import { complete, hintFor, isCommand, suggestions } from "./hints.js";
import { pin } from "./timeline.js";

const sent = [];
let recalled = 0;
const formOf = (box) => box.closest(".composer");
const listOf = (box) => box.closest(".composer-wrap").querySelector(".suggest");
const items = (box) => [...listOf(box).querySelectorAll(".item")];
const isBox = (node) => node.matches?.(".composer textarea");

function refresh(box) {
  const text = box.value.slice(0, box.selectionStart);
  formOf(box).querySelector(".send").disabled = !box.value.trim();
  formOf(box).querySelector(".hint").replaceChildren(...hintFor(box.value));
  const found = suggestions(text), list = listOf(box);
  list.hidden = !found.length;
  list.replaceChildren(...found.map((item, index) => row(item, index)));
}

function row(item, index) {
  const line = document.createElement("div");
  line.className = "item";
  line.setAttribute("role", "option");
  line.setAttribute("aria-selected", index === 0);
  line.dataset.insert = item.insert;
  const code = document.createElement("code");
  code.append(item.strong);
  if (item.rest) {
    const rest = document.createElement("span");
    rest.textContent = item.rest;
    code.append(rest);
  }
  const about = document.createElement("span");
  about.textContent = item.about;
  line.append(code, about);
  return line;
}

function take(box, item) {
  const at = box.selectionStart, [text, caret] = complete(box.value, at, item.dataset.insert);
  box.value = text;
  box.setSelectionRange(caret, caret);
  box.focus();
  refresh(box);
}

/** Fill the visible composer with a line that the person can then send. Return false if there is no composer. */
export function draft(text) {
  const box = document.querySelector(".pane:not([hidden]) .composer textarea");
  if (!box) return false;
  box.value = text;
  box.focus();
  box.setSelectionRange(text.length, text.length);
  refresh(box);
  listOf(box).hidden = true;
  return true;
}

function move(box, step) {
  const all = items(box), at = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
  const next = all[(at + step + all.length) % all.length];
  all[at]?.setAttribute("aria-selected", "false");
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
}

function enter(box, event) {
  const all = items(box), picked = !listOf(box).hidden && all.find((each) => each.getAttribute("aria-selected") === "true");
  const isSent = event.key === "Enter" && picked === all[0] && isCommand(box.value);  // the first one is what was typed
  if (picked && !isSent) {
    const [text] = complete(box.value, box.selectionStart, picked.dataset.insert);
    if (event.key === "Tab" || text.trim() !== box.value.trim()) return take(box, picked);
  }
  if (event.key === "Tab") return undefined;
  if (box.value.trim()) formOf(box).requestSubmit();
  return undefined;
}

function recall(box, step) {
  recalled = Math.max(0, Math.min(sent.length, recalled + step));
  box.value = sent[recalled] ?? "";
  refresh(box);
  listOf(box).hidden = true;
}

document.addEventListener("input", (event) => { if (isBox(event.target)) refresh(event.target); });

document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (!isBox(box) || event.isComposing) return;
  const open = !listOf(box).hidden;
  if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); enter(box, event); }
  else if (event.key === "Tab" && open && !event.shiftKey) { event.preventDefault(); enter(box, event); }
  else if (event.key === "Escape" && open) { event.stopPropagation(); listOf(box).hidden = true; }
  else if (event.altKey) return;
  else if (event.key === "ArrowDown" && open) { event.preventDefault(); move(box, 1); }
  else if (event.key === "ArrowUp" && open) { event.preventDefault(); move(box, -1); }
  else if (event.key === "ArrowUp" && (!box.value || box.value === sent[recalled])) { event.preventDefault(); recall(box, -1); }
  else if (event.key === "ArrowDown" && box.value && box.value === sent[recalled]) { event.preventDefault(); recall(box, 1); }
}, true);

document.addEventListener("pointerdown", (event) => {
  const item = event.target.closest(".suggest .item");
  if (!item) return;
  event.preventDefault();
  take(item.closest(".composer-wrap").querySelector("textarea"), item);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-draft]");
  if (button) draft(button.dataset.draft);
});

document.addEventListener("focusout", (event) => { if (isBox(event.target)) listOf(event.target).hidden = true; });

document.addEventListener("htmx:beforeSend", (event) => {
  if (!event.target.matches(".composer")) return;
  const box = event.target.querySelector("textarea");
  sent.push(box.value);
  recalled = sent.length;
  box.value = "";
  refresh(box);
  const scroller = event.target.closest(".pane")?.querySelector(".history");
  if (scroller) pin(scroller);
});

document.addEventListener("submit", (event) => {
  const box = event.target.matches?.(".composer") && event.target.querySelector("textarea");
  if (box && !box.value.trim()) { event.preventDefault(); event.stopPropagation(); }
}, true);

const wanted = new URL(location.href).searchParams.get("draft");
if (wanted) {
  draft(wanted);
  history.replaceState(null, "", location.pathname);
} else if (matchMedia("(pointer: fine)").matches) {
  document.querySelector(".pane:not([hidden]) .composer textarea")?.focus({ preventScroll: true });
}
