// The values of elements, in the form that the server expects: a value, a list, an ID, a date or a text.

/** Return the root node of the Block Kit element that contains a node, or null. */
export const elementOf = (node) => node.closest("[data-element]");

/** Return the current value of an element. */
export function valueOf(element) {
  if (element.classList.contains("picker")) {
    const chosen = [...element.querySelectorAll(".chip")].map((chip) => JSON.parse(chip.dataset.option));
    const values = chosen.map((option) => ("ids" in element.dataset ? option : option.value));
    return "multi" in element.dataset ? values : values[0] ?? null;
  }
  if (element.dataset.element === "checkboxes") {
    return [...element.querySelectorAll("input:checked")].map((box) => JSON.parse(box.dataset.option).value);
  }
  if (element.dataset.element === "radio_buttons") {
    const box = element.querySelector("input:checked");
    return box ? JSON.parse(box.dataset.option).value : null;
  }
  if (element.type === "datetime-local") return element.value ? Math.floor(new Date(element.value) / 1000) : null;
  return element.value || null;
}

/** Return `{block_id: value}` for every input block below `root` whose element isn't disabled. */
export function valuesOf(root) {
  const values = {};
  for (const element of root.querySelectorAll("[data-input] [data-element]")) {
    if (element.dataset.blockId && !element.disabled) values[element.dataset.blockId] = valueOf(element);
  }
  return values;
}

/** Return where an element is: in a message of a channel, or in a view. Null if it is in neither. */
export function placeOf(node) {
  const holder = node.closest("[data-kind]");
  if (!holder) return null;
  return holder.dataset.kind === "view"
    ? { view: holder.dataset.viewId }
    : { message: holder.dataset.ts, channel: holder.dataset.channel };
}

/** Return a key for an element, by which it can be found again after its view is redrawn. */
export const keyOf = (element) => `${element.dataset.blockId}|${element.dataset.actionId}`;
