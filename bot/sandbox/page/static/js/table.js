// Sorts, filters and pages a data_table in the browser.
const states = new WeakMap();
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function stateOf(table) {
  if (!states.has(table)) {
    const rows = [...table.querySelectorAll("tbody tr")];
    states.set(table, { rows, order: rows, found: rows, page: 0, size: Number(table.dataset.pageSize), column: -1, down: false });
  }
  return states.get(table);
}

function compare(column, numeric) {
  return (one, other) => {
    const a = one.cells[column], b = other.cells[column];
    return numeric ? Number(a.dataset.v) - Number(b.dataset.v) : collator.compare(a.textContent, b.textContent);
  };
}

function sort(table, heading) {
  const state = stateOf(table), column = heading.cellIndex, numeric = heading.classList.contains("num");
  state.down = state.column === column ? !state.down : numeric; // the first sort of a numeric column is descending
  state.column = column;
  const ranked = [...state.rows].sort(compare(column, numeric));
  state.order = state.down ? ranked.reverse() : ranked;
  for (const each of table.querySelectorAll("thead th")) each.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", state.down ? "descending" : "ascending");
  state.page = 0;
  filter(table);
}

function filter(table) {
  const state = stateOf(table), words = (table.querySelector(".filter")?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  state.found = words.length
    ? state.order.filter((row) => words.every((word) => (row.words ??= row.textContent.toLowerCase()).includes(word)))
    : state.order;
  draw(table);
}

function draw(table) {
  const state = stateOf(table), { found, size } = state, body = table.querySelector("tbody");
  const pages = Math.max(1, Math.ceil(found.length / size));
  state.page = Math.min(state.page, pages - 1);
  const from = state.page * size, until = Math.min(found.length, from + size);
  const shown = found.slice(from, until);
  for (const row of shown) row.hidden = false;
  body.replaceChildren(...(shown.length ? shown : [nothing(table)]));
  table.querySelector(".pager").hidden = state.rows.length <= size;
  table.querySelector(".where").textContent = found.length ? `${from + 1}–${until} of ${found.length}` : "0 of 0";
  table.querySelector(".prev").disabled = state.page === 0;
  table.querySelector(".next").disabled = state.page >= pages - 1;
}

function nothing(table) {
  const row = document.createElement("tr");
  row.className = "nothing";
  const cell = row.insertCell();
  cell.colSpan = table.querySelectorAll("thead th").length;
  cell.textContent = "No matching rows";
  return row;
}

document.addEventListener("click", (event) => {
  const table = event.target.closest("[data-table]");
  if (!table) return;
  const heading = event.target.closest("thead th");
  if (heading) return sort(table, heading);
  const step = event.target.closest(".next") ? 1 : event.target.closest(".prev") ? -1 : 0;
  if (!step) return;
  stateOf(table).page += step;
  draw(table);
});

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-table] .filter")) return;
  const table = event.target.closest("[data-table]");
  stateOf(table).page = 0;
  filter(table);
});
