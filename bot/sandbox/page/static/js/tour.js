// The guided tour. Each step has buttons that switch to a person and fill in a command. It remembers the current step.
import { draft } from "./composer.js";
import { show } from "./panes.js";

const steps = JSON.parse(document.getElementById("tour-steps").textContent);
const card = document.getElementById("tour");
const me = document.body.dataset.person;
const KEY = "turso-ops-tour";
const stored = () => localStorage.getItem(KEY);

function element(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

function button(label, name, action) {
  const made = element("button", name, label);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

/** Record heavy usage of a database, and move the clock to the time at which the bot next checks usage. */
async function makeSpike(database) {
  for (const [path, values] of [["turso", { do: "spike", value: database }], ["clock", { minutes: "look" }]]) {
    await fetch(`/as/${me}/lab/${path}`, { method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams(values) });
  }
}

async function prepare(act) {
  if (act.spike) await makeSpike(act.spike);
  if (act.person !== me) {
    location.href = `/as/${act.person}/c/${act.channel}?draft=${encodeURIComponent(act.text)}`;
    return;
  }
  await show(act.channel);
  if (act.text) draft(act.text);
}

function draw(index) {
  const step = steps[index];
  const label = (act) => (act.person === me ? act.label : `${act.label} →`);
  const acts = step.acts.map((act) => button(label(act), act.person === me && act.text ? "btn primary small" : "btn small", () => prepare(act)));
  const dots = element("span", "dots", ...steps.map((_, at) => element("i", at === index ? "on" : "")));
  const back = button("Back", "quiet-btn", () => go(index - 1));
  back.disabled = index === 0;
  const next = index === steps.length - 1 ? button("Finish", "btn small", close) : button("Next", "btn small", () => go(index + 1));
  const head = element("header", "", element("small", "", `Tour · ${index + 1} of ${steps.length}`), button("×", "quiet-btn", close));
  head.lastElementChild.setAttribute("aria-label", "Close the tour");
  card.replaceChildren(head, element("h3", "", step.title), ...step.text.map((line) => element("p", "", line)),
    element("div", "acts", ...acts), element("footer", "", dots, back, next));
  open(true);
}

/** Show or hide the card. While it is shown, the page leaves space for it, so that it covers no message or composer. */
function open(shown) {
  card.hidden = !shown;
  document.body.classList.toggle("tour-open", shown);
}

function go(index) {
  localStorage.setItem(KEY, String(index));
  draw(index);
}

function close() {
  localStorage.setItem(KEY, "closed");
  open(false);
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-tour]")) return;
  event.preventDefault();
  document.body.classList.remove("menu-open");
  go(Number(stored()) || 0);
});

if (steps.length && stored() !== "closed" && stored() !== null) draw(Math.min(steps.length - 1, Number(stored()) || 0));
else if (steps.length && stored() === null && matchMedia("(min-width: 761px)").matches) draw(0);
