// Completes newly added content: local times, lines between days, scroll positions.
import { localise } from "./dates.js";
import { arrange, watch } from "./timeline.js";

/** Complete an element that was just added to the page. Safe to call twice. */
export function enhance(root) {
  localise(root);
  const lists = root.matches?.(".list, .msg") ? [root.closest(".list") ?? root.parentElement] : root.querySelectorAll(".list");
  for (const list of lists) {
    if (!list) continue;
    watch(list);
    arrange(list);
  }
}
