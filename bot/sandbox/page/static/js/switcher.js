// Ctrl+K: switch to a channel, to Home or to another person by typing a few letters.
import { show } from "./panes.js";

const box = document.getElementById("switcher");
const input = box.querySelector("input");
const list = box.querySelector(".results");

function places() {
  const panes = [...document.querySelectorAll(".nav a[data-pane]")].map((link) => ({
    label: link.querySelector(".name").textContent, about: "Go there", go: () => show(link.dataset.pane),
  }));
  const people = [...document.querySelectorAll(".person:not(.current) > a:first-child")].map((link) => ({
    label: link.querySelector("b").firstChild.textContent, about: `Be them – ${link.querySelector("b small").textContent}`,
    go: () => { location.href = link.href; },
  }));
  return [...panes, ...people];
}

function draw() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = places().filter((place) => words.every((word) => place.label.toLowerCase().includes(word)));
  list.replaceChildren(...found.map((place, index) => {
    const row = document.createElement("button"), about = document.createElement("small");
    row.type = "button";
    about.textContent = place.about;
    row.append(place.label, about);
    row.classList.toggle("at", index === 0);
    row.addEventListener("click", () => { box.close(); place.go(); });
    return row;
  }));
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (box.open || document.querySelector("dialog[open]")) return;
    input.value = "";
    draw();
    box.showModal();
  } else if (box.open && ["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) {
    event.preventDefault();
    const rows = [...list.children], at = rows.findIndex((row) => row.classList.contains("at"));
    if (event.key === "Enter") { rows[at]?.click(); return; }
    rows[at]?.classList.remove("at");
    const next = rows[(at + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length];
    next?.classList.add("at");
    next?.scrollIntoView({ block: "nearest" });
  }
});

input.addEventListener("input", draw);
box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
