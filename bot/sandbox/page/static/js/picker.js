// Menus that a person can search: among their own options, or among options that the app returns for the typed text.
import { act } from "./actions.js";
import { hideFloating, showFloating } from "./floating.js";
import { placeOf, valueOf } from "./values.js";

const base = document.body.dataset.base;
const WAIT = 180;
const timers = new WeakMap();
const listOf = (picker) => picker.querySelector(".options");
const inputOf = (picker) => picker.querySelector(".picked input");
const shown = (picker) => [...listOf(picker).querySelectorAll(".option:not([hidden])")];

function open(picker) {
  const list = listOf(picker);
  for (const other of document.querySelectorAll(".options:not([hidden])")) if (other !== list) close(other.closest(".picker"));
  if ("remote" in picker.dataset) ask(picker);
  else narrow(picker);
  list.hidden = false;
  showFloating(list, picker.querySelector(".picked"));
  inputOf(picker).setAttribute("aria-expanded", "true");
}

function close(picker) {
  hideFloating(listOf(picker));
  listOf(picker).hidden = true;
  inputOf(picker).setAttribute("aria-expanded", "false");
  inputOf(picker).value = "";
}

function narrow(picker) {
  const wanted = inputOf(picker).value.trim().toLowerCase();
  const taken = new Set([...picker.querySelectorAll(".chip")].map((chip) => chip.dataset.option));
  for (const option of listOf(picker).querySelectorAll(".option")) {
    option.hidden = !option.textContent.toLowerCase().includes(wanted);
    option.setAttribute("aria-selected", taken.has(option.dataset.option));
    option.classList.remove("at");
  }
  say(picker, shown(picker).length ? "" : "Nothing found");
  shown(picker)[0]?.classList.add("at");
}

function say(picker, text) {
  listOf(picker).querySelector(".none")?.remove();
  if (!text) return;
  const line = document.createElement("div");
  line.className = "none";
  line.textContent = text;
  listOf(picker).append(line);
}

function ask(picker) {
  clearTimeout(timers.get(picker));
  const text = inputOf(picker).value, least = Number(picker.dataset.least);
  if (text.length < least) {
    listOf(picker).replaceChildren();
    say(picker, `Type ${least === 1 ? "a character" : `${least} characters`} to search`);
    return;
  }
  timers.set(picker, setTimeout(async () => {
    const { actionId, blockId } = picker.dataset;
    const payload = JSON.stringify({ ...placeOf(picker), action: actionId, block: blockId, text });
    await htmx.ajax("POST", `${base}/suggest`, { values: { payload }, target: listOf(picker), swap: "innerHTML" });
    if (inputOf(picker).value !== text || listOf(picker).hidden) return;
    showFloating(listOf(picker), picker.querySelector(".picked"));
    say(picker, shown(picker).length ? "" : "Nothing found");
    shown(picker)[0]?.classList.add("at");
  }, WAIT));
}

function choose(picker, option) {
  const chips = picker.querySelector(".picked"), same = [...chips.querySelectorAll(".chip")];
  const already = same.find((chip) => chip.dataset.option === option.dataset.option);
  if (already) already.remove();
  else {
    if (!("multi" in picker.dataset)) same.forEach((chip) => chip.remove());
    else if (picker.dataset.most && same.length >= Number(picker.dataset.most)) return;
    inputOf(picker).before(chipFor(option));
  }
  if ("multi" in picker.dataset) { inputOf(picker).value = ""; narrow(picker); }
  else close(picker);
  act(picker, valueOf(picker), { quiet: Boolean(picker.closest("[data-input]")) });
}

function chipFor(option) {
  const chip = document.createElement("span");
  chip.className = "chip";
  chip.dataset.option = option.dataset.option;
  chip.append(option.querySelector("span").textContent);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "×";
  remove.setAttribute("aria-label", "Remove");
  chip.append(remove);
  return chip;
}

function drop(chip) {
  const picker = chip.closest(".picker");
  chip.remove();
  act(picker, valueOf(picker), { quiet: Boolean(picker.closest("[data-input]")) });
}

document.addEventListener("click", (event) => {
  const picker = event.target.closest(".picker");
  for (const list of document.querySelectorAll(".options:not([hidden])")) {
    if (list.closest(".picker") !== picker) close(list.closest(".picker"));
  }
  if (!picker) return;
  const option = event.target.closest(".option");
  if (option) return choose(picker, option);
  if (event.target.closest(".chip button")) return drop(event.target.closest(".chip"));
  inputOf(picker).focus();
  if (listOf(picker).hidden) open(picker);
});

document.addEventListener("input", (event) => {
  const picker = event.target.closest(".picker");
  if (picker) open(picker);
});

document.addEventListener("keydown", (event) => {
  const picker = event.target.closest?.(".picker");
  if (!picker) return;
  const options = shown(picker), at = options.findIndex((option) => option.classList.contains("at"));
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (listOf(picker).hidden) return open(picker);
    const next = options[(at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length];
    options[at]?.classList.remove("at");
    next?.classList.add("at");
    next?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter" && !listOf(picker).hidden) {
    event.preventDefault();
    event.stopPropagation();
    if (options[at]) choose(picker, options[at]);
  } else if (event.key === "Escape" && !listOf(picker).hidden) {
    event.preventDefault();
    event.stopPropagation();
    close(picker);
  } else if (event.key === "Backspace" && !event.target.value) {
    const last = [...picker.querySelectorAll(".chip")].pop();
    if (last) drop(last);
  } else if (event.key === "Tab") close(picker);
}, true);
