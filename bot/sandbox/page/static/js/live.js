// Handles the stream's events, such as messages, edits and unread marks, and shows when the stream is interrupted.
import { enhance } from "./enhance.js";
import { grown } from "./timeline.js";
import { refreshAll, refreshFrame, currentPane, markUnread } from "./panes.js";

let boot = null;

document.addEventListener("htmx:sseBeforeMessage", (event) => {
  const { type, data } = event.detail;
  if (type.startsWith("post-") || type.startsWith("thread-")) {
    const id = /\bid="([\w-]+)"/.exec(data)?.[1];
    if (id && document.getElementById(id)) event.preventDefault(); // the message is already in the page
    return;
  }
  const handler = handlers[type];
  if (!handler) return;
  event.preventDefault();
  handler(data);
});

document.addEventListener("htmx:sseMessage", (event) => {
  if (event.target.classList.contains("list")) grown(event.target);
});

const handlers = {
  edit(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    for (const element of [...fresh.content.children]) {
      const old = document.getElementById(element.id);
      if (!old) continue;
      if (old.classList.contains("follow")) element.classList.add("follow");
      if ("arranged" in old.dataset) element.dataset.arranged = "";
      old.replaceWith(element);
      htmx.process(element);
      enhance(element);
    }
  },
  gone(ids) {
    for (const id of ids.split(" ")) document.getElementById(id)?.remove();
  },
  unread(channel) {
    if (currentPane()?.dataset.paneId !== channel || document.hidden) markUnread(channel);
  },
  hello(data) {
    const server = JSON.parse(data);
    if (boot !== null && boot !== server.boot) return location.reload();
    if (!server.complete) refreshAll();
    boot = server.boot;
    return undefined;
  },
  async sidebar(channel) {
    if (channel) refreshFrame(channel);
    const unread = [...document.querySelectorAll(".nav .badge:not([hidden])")].map((badge) => [badge.closest("a").dataset.pane, badge.textContent]);
    const place = currentPane()?.dataset.paneId ?? "";
    await htmx.ajax("GET", `${document.body.dataset.base}/sidebar?place=${place}`, { target: "#sidebar", swap: "outerHTML" });
    for (const [pane, count] of unread) markUnread(pane, count);
  },
};

let late = null;
document.addEventListener("htmx:sseError", () => {
  late ??= setTimeout(() => { document.getElementById("offline").hidden = false; }, 1500);
});
document.addEventListener("htmx:sseOpen", () => {
  clearTimeout(late);
  late = null;
  document.getElementById("offline").hidden = true;
  document.documentElement.dataset.live = "";
});
window.addEventListener("beforeunload", () => clearTimeout(late));
