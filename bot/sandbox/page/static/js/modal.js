// Modals: shows the top view of the app's stack as a dialog, with submit, cancel and errors. Typed text survives a redraw.
import { send } from "./actions.js";
import { keyOf, valuesOf } from "./values.js";

const holder = document.getElementById("modals");
const dialogOf = () => holder.querySelector("dialog");
let kept = null;

function remember() {
  const open = dialogOf(), active = document.activeElement;
  kept = open && { view: open.dataset.viewId, scroll: open.querySelector(".modal-body").scrollTop };
  if (!open?.contains(active)) return;
  const element = active.closest("[data-element]");
  if (element) Object.assign(kept, { key: keyOf(element), value: active.value, start: active.selectionStart, text: active.matches(".field-input") });
}

function reveal() {
  const dialog = dialogOf();
  if (!dialog || dialog.open) return;
  dialog.classList.toggle("again", Boolean(kept));
  dialog.showModal();
  const same = kept?.view === dialog.dataset.viewId ? kept : null;
  const element = same?.key && [...dialog.querySelectorAll("[data-element]")].find((each) => keyOf(each) === same.key);
  if (same) dialog.querySelector(".modal-body").scrollTop = same.scroll;
  const wrong = dialog.querySelector(".invalid .field-input, .invalid input");
  const first = wrong ?? dialog.querySelector("[data-autofocus] input, [data-autofocus]") ?? dialog.querySelector(".modal-body input, .modal-body textarea");
  const focus = wrong ?? (element ? (element.matches(".field-input") ? element : element.querySelector("input")) : first);
  if (same?.text && element && !wrong) {
    element.value = same.value;
    if (typeof same.start === "number") element.setSelectionRange?.(same.start, same.start);
  }
  (focus ?? dialog.querySelector("footer .primary") ?? dialog).focus();
  if (!same) for (const box of dialog.querySelectorAll("[data-unix]")) unix(box);
}

function unix(box) {
  if (!box.dataset.unix || box.value) return;
  const date = new Date(Number(box.dataset.unix) * 1000);
  box.value = new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

holder.addEventListener("htmx:sseBeforeMessage", remember);
holder.addEventListener("htmx:sseMessage", () => { reveal(); kept = null; });

async function submit(dialog) {
  const button = dialog.querySelector("[data-view-submit]");
  if (!button || button.disabled) return;
  button.disabled = true;
  button.classList.add("busy");
  try {
    await send(`views/${dialog.dataset.viewId}/submit`, { values: valuesOf(dialog) });
  } finally {
    button.disabled = false;
    button.classList.remove("busy");
  }
}

const close = (dialog, all) => send(`views/${dialog.dataset.viewId}/close`, { all });

document.addEventListener("submit", (event) => {
  const dialog = event.target.closest("#modals dialog");
  if (!dialog) return;
  event.preventDefault();
  submit(dialog);
});
document.addEventListener("click", (event) => {
  const dialog = event.target.closest("#modals dialog");
  if (!dialog) return;
  if (event.target.closest("[data-view-clear]")) close(dialog, true);
  else if (event.target.closest("[data-view-close]")) close(dialog, false);
});
document.addEventListener("cancel", (event) => {
  if (!event.target.closest("#modals")) return;
  event.preventDefault();
  if (!event.target.querySelector(".options:not([hidden])")) close(event.target, true);
}, true);

reveal();
