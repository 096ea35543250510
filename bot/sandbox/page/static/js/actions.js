// Pressing and choosing: asks to confirm where the app wants it, tells the server, shows that it is under way.
import { elementOf, placeOf, valueOf } from "./values.js";

const base = document.body.dataset.base;
const box = document.getElementById("confirm");

/** Send something to the server; toasts come back as HTML. Resolves when the app has answered or failed to. */
export async function send(path, body) {
  const values = { payload: JSON.stringify(body) };
  await htmx.ajax("POST", `${base}/${path}`, { values, target: "#toasts", swap: "beforeend" });
}

/** Ask in the app's own words; resolves to whether the person agreed. */
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

/** Tell the app what was pressed or chosen in this element. */
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
  if (!menu.dataset.element) return; // a menu of the page itself
  if (item.dataset.url) window.open(item.dataset.url, "_blank", "noopener,noreferrer");
  act(menu, item.dataset.value ?? null);
});

const typed = (element) => element.matches(".field-input") && !/^(date|time)/.test(element.type);

document.addEventListener("change", (event) => {
  const element = elementOf(event.target);
  if (!element || element.matches("button") || event.target.matches(".picked input")) return;
  // a text field that dispatches does so on Enter, not on leaving it
  if (typed(element) && element.closest("[data-dispatch]")) return;
  act(element, valueOf(element), { quiet: true });
});

document.addEventListener("keydown", (event) => {
  const element = event.target;
  if (event.key !== "Enter" || !element.matches?.("input.field-input") || !element.closest("[data-dispatch]")) return;
  event.preventDefault();
  act(element, valueOf(element));
});
