// Lists that open in front of everything else, in the browser's top layer, so that no container clips them.
const GAP = 4, MOST = 270;
const owners = new Map(); // each open list, with the element that it belongs to and the options of `showFloating`

/** Show `list` below its owner, or above it if there is more space. */
export function showFloating(list, owner, { wide = true } = {}) {
  list.popover = "manual";
  if (!list.matches(":popover-open")) list.showPopover();
  owners.set(list, [owner, { wide }]);
  const box = owner.getBoundingClientRect(), below = innerHeight - box.bottom - 12, above = box.top - 12;
  const upward = below < Math.min(MOST, list.scrollHeight) && above > below;
  const style = list.style;
  if (wide) style.width = `${Math.max(box.width, 230)}px`;
  style.maxHeight = `${Math.max(120, Math.min(MOST, upward ? above : below))}px`;
  style.left = `${Math.max(8, Math.min(box.left, innerWidth - list.offsetWidth - 8))}px`;
  style.top = upward ? "auto" : `${box.bottom + GAP}px`;
  style.bottom = upward ? `${innerHeight - box.top + GAP}px` : "auto";
}

/** Hide a list again. */
export function hideFloating(list) {
  owners.delete(list);
  if (list.matches(":popover-open")) list.hidePopover();
}

// Open and close the overflow menus (⋯).
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.overflow")) return;
  const menu = event.target.querySelector(".menu");
  if (event.target.open) {
    showFloating(menu, event.target, { wide: false });
    menu.querySelector("button")?.focus({ preventScroll: true });
  } else hideFloating(menu);
}, true);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".overflow .menu");
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("button")], at = items.indexOf(document.activeElement);
  items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length].focus();
});

// Move open lists with their owners.
document.addEventListener("scroll", (event) => {
  if (event.target.closest?.("[popover]")) return;
  for (const [list, [owner, options]] of owners) if (list.isConnected) showFloating(list, owner, options); else owners.delete(list);
}, { capture: true, passive: true });
