// Navigation: channels and Home as panes that stay in the page, the drawer, the menu, toasts and keyboard shortcuts.
const stage = document.getElementById("panes");
const drawer = document.getElementById("drawer");
const base = document.body.dataset.base;
const links = () => [...document.querySelectorAll(".nav a[data-pane]")];
const paneOf = (id) => document.getElementById(`pane-${id}`);

/** Return the visible pane. */
export const currentPane = () => stage.querySelector(".pane:not([hidden])");

/** Show a channel or Home. It is fetched the first time, and kept in the page afterwards. */
export async function show(id, { push = true } = {}) {
  const link = links().find((each) => each.dataset.pane === id);
  const url = link?.getAttribute("href") ?? (id === "home" ? `${base}/home` : `${base}/c/${id}`);
  if (!paneOf(id)) await htmx.ajax("GET", `${url}?pane=1`, { target: stage, swap: "beforeend" });
  const pane = paneOf(id);
  if (!pane) return;
  for (const each of stage.querySelectorAll(".pane")) each.hidden = each !== pane;
  for (const each of links()) each.toggleAttribute("aria-current", false);
  if (link) {
    link.setAttribute("aria-current", "page");
    link.classList.remove("unread");
    link.querySelector(".badge")?.setAttribute("hidden", "");
  }
  if (push) history.pushState({ id }, "", url);
  document.title = document.title.replace(/^.*? – /, `${pane.dataset.title} – `);
  document.body.classList.remove("menu-open");
  if (drawer.querySelector('[data-drawer="thread"]')) drawer.replaceChildren();
  if (id === "home") htmx.ajax("POST", `${base}/home/open`, { swap: "none" });
  const scroller = pane.querySelector(".history");
  if (scroller?.pinned) scroller.scrollTop = scroller.scrollHeight;
  if (matchMedia("(pointer: fine)").matches) pane.querySelector(".composer textarea")?.focus({ preventScroll: true });
}

/** Mark a channel as unread. Its badge shows `count`, or without `count` one more than before. */
export function markUnread(id, count = null) {
  const link = links().find((each) => each.dataset.pane === id);
  const badge = link?.querySelector(".badge");
  if (!badge) return;
  link.classList.add("unread");
  badge.textContent = count ?? (badge.hidden ? 1 : Number(badge.textContent) + 1);
  badge.hidden = false;
}

/** Fetch the visible pane again after the stream was interrupted. The others are fetched when they are next shown. */
export function refreshAll() {
  const pane = currentPane();
  for (const each of stage.querySelectorAll(".pane[hidden]")) each.remove();
  if (pane) htmx.ajax("GET", `${pane.dataset.url}?pane=1`, { target: pane, swap: "outerHTML" });
}

/** Fetch the header of a changed channel again, and its composer if it was opened or closed. Keep its messages. */
export async function refreshFrame(id) {
  const pane = paneOf(id);
  if (!pane) return;
  const answer = await fetch(`${pane.dataset.url}?pane=1`);
  if (!answer.ok) return void (pane.hidden && pane.remove());
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  const swap = (part) => {
    const [old, made] = [pane.querySelector(part), fresh.content.querySelector(part)];
    if (!old || !made) return;
    old.replaceWith(made);
    htmx.process(made);
  };
  swap(".pane-head");
  if (!pane.querySelector(".composer-wrap .closed") !== !fresh.content.querySelector(".composer-wrap .closed")) swap(".composer-wrap");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-pane]");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    show(link.dataset.pane);
  }
  if (event.target.closest("[data-menu]")) document.body.classList.toggle("menu-open");
  if (event.target.closest("[data-close-drawer]")) closeDrawer();
  if (event.target.closest("[data-dismiss]")) event.target.closest(".toast").remove();
  for (const box of document.querySelectorAll("details.me[open], details.overflow[open]")) {
    if (!box.contains(event.target)) box.open = false;
  }
});

window.addEventListener("popstate", (event) => {
  const id = event.state?.id ?? /\/c\/(\w+)$/.exec(location.pathname)?.[1] ?? "home";
  show(id, { push: false });
});

function closeDrawer() {
  drawer.replaceChildren();
  currentPane()?.querySelector(".composer textarea")?.focus({ preventScroll: true });
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target === drawer) drawer.querySelector("textarea, button")?.focus({ preventScroll: true });
  document.body.classList.toggle("drawer-open", drawer.childElementCount > 0);
});

if (currentPane()?.dataset.paneId === "home") addEventListener("load", () => htmx.ajax("POST", `${base}/home/open`, { swap: "none" }));

// Show a toast for a request that the server refused or never received.
function toast(text) {
  const line = document.createElement("div"), words = document.createElement("span");
  line.className = "toast bad";
  words.textContent = text;
  line.append(words);
  document.getElementById("toasts").append(line);
}
document.addEventListener("htmx:responseError", (event) => toast(event.detail.xhr.responseText || "That didn't work."));
document.addEventListener("htmx:sendError", () => toast("The workspace doesn't respond."));

// Remove toasts after nine seconds.
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const toast of addedNodes) if (toast.nodeType === 1) setTimeout(() => toast.remove(), 9000);
  }
}).observe(document.getElementById("toasts"), { childList: true });

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    const open = document.querySelector("details.me[open], details.overflow[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
    else if (!typing || drawer.contains(event.target)) closeDrawer();
  } else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const box = currentPane()?.querySelector(".composer textarea");
    if (!box || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    box.focus();
    if (!box.value) { box.value = "/"; box.dispatchEvent(new Event("input", { bubbles: true })); }
  } else if (event.key.toLowerCase() === "i" && event.ctrlKey) {
    event.preventDefault();
    if (drawer.querySelector('[data-drawer="lab"]')) closeDrawer();
    else htmx.ajax("GET", `${base}/lab`, { target: drawer, swap: "innerHTML" });
  } else if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const all = links(), at = all.findIndex((each) => each.hasAttribute("aria-current"));
    const next = all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length];
    show(next.dataset.pane);
  }
});
