// What freshly drawn content needs: local times, day lines, scroll positions.
import { localise } from "./dates.js";
import { arrange, watch } from "./timeline.js";

/** Prepare an element that was just put into the page; safe to call twice. */
export function enhance(root) {
  localise(root);
  const lists = root.matches?.(".list, .msg") ? [root.closest(".list") ?? root.parentElement] : root.querySelectorAll(".list");
  for (const list of lists) {
    if (!list) continue;
    watch(list);
    arrange(list);
  }
}
