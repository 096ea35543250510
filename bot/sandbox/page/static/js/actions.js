// Button presses and choices: shows the app's confirmation dialog, notifies the server, and shows progress.
import { elementOf, placeOf, valueOf } from "./values.js";

const base = document.body.dataset.base;
const box = document.getElementById("confirm");

/** Send an action to the server, which may return a toast. Resolves once the app has responded or its time is up. */
export async function send(path, body) {
  const values = { payload: JSON.stringify(body) };
  await htmx.ajax("POST", `${base}/${path}`, { values, target: "#toasts", swap: "beforeend" });
}

/** Show the app's confirmation dialog, if there is one. Resolves to whether the person confirmed. */
export function confirmed(element) {
  const next = element.nextElementSibling;
  if (!next?.matches("template.confirm")) return Promise.resolve(true);
  box.replaceChildren(next.content.cloneNode(true));
  const footer = document.createElement("footer");
  const danger = next.dataset.style === "danger" ? "danger solid" : "primary";
  footer.append(button(next.dataset.no, "btn", ""), button(next.dataset.yes, `btn ${danger}`, "yes"));
  box.append(footer);
  box.returnValue = "";
  box.showModal();
  footer.lastElementChild.focus();
  return new Promise((resolve) => box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true }));
}

function button(label, name, answer) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name;
  made.textContent = label;
  made.addEventListener("click", () => box.close(answer));
  return made;
}

/** Notify the app of what was pressed or chosen in this element. */
export async function act(element, selected, { quiet = false } = {}) {
  const place = placeOf(element);
  if (!place || !(await confirmed(element))) return;
  const target = element.closest(".btn") ?? element;
  target.classList.add("busy");
  const { actionId, blockId } = element.dataset;
  try {
    await send("act", { ...place, action: actionId, block: blockId, selected, quiet });
  } finally {
    target.classList.remove("busy");
  }
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("button[data-element]");
  if (pressed) {
    if (pressed.dataset.url) window.open(pressed.dataset.url, "_blank", "noopener,noreferrer");
    act(pressed, pressed.dataset.value ?? null);
    return;
  }
  const item = event.target.closest(".overflow .menu button");
  if (!item) return;
  const menu = item.closest(".overflow");
  menu.open = false;
  if (!menu.dataset.element) return; // a menu of the page, not of the app
  if (item.dataset.url) window.open(item.dataset.url, "_blank", "noopener,noreferrer");
  act(menu, item.dataset.value ?? null);
});

const typed = (element) => element.matches(".field-input") && !/^(date|time)/.test(element.type);

document.addEventListener("change", (event) => {
  const element = elementOf(event.target);
  if (!element || element.matches("button") || event.target.matches(".picked input")) return;
  // A text field with `dispatch_action` notifies the app on Enter, and not when it loses focus.
  if (typed(element) && element.closest("[data-dispatch]")) return;
  act(element, valueOf(element), { quiet: true });
});

document.addEventListener("keydown", (event) => {
  const element = event.target;
  if (event.key !== "Enter" || !element.matches?.("input.field-input") || !element.closest("[data-dispatch]")) return;
  event.preventDefault();
  act(element, valueOf(element));
});
