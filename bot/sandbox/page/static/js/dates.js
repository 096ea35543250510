// Dates in the viewer's time zone: the time of a message, and Slack's {date} patterns.
const day = 86_400_000;
const intl = (options) => new Intl.DateTimeFormat(undefined, options);
const shapes = {
  date: intl({ year: "numeric", month: "long", day: "numeric" }),
  date_num: { format: (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}` },
  date_slash: intl({ year: "numeric", month: "2-digit", day: "2-digit" }),
  date_long: intl({ weekday: "long", year: "numeric", month: "long", day: "numeric" }),
  date_short: intl({ year: "numeric", month: "short", day: "numeric" }),
  time: intl({ hour: "numeric", minute: "2-digit" }),
  time_secs: intl({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
};
const two = (n) => String(n).padStart(2, "0");
const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();

/** Return "Today", "Yesterday" or "Tomorrow", or null for any other day. */
export function near(date, now = new Date()) {
  const away = Math.round((midnight(date) - midnight(now)) / day);
  return { 0: "Today", "-1": "Yesterday", 1: "Tomorrow" }[away] ?? null;
}

/** Return the text of the line that separates a day from the one before. */
export function dayLine(date) {
  return near(date) ?? shapes.date_long.format(date);
}

function ago(date) {
  const seconds = Math.round((date - Date.now()) / 1000);
  const [unit, size] = Math.abs(seconds) < 3600 ? ["minute", 60] : Math.abs(seconds) < 86400 ? ["hour", 3600] : ["day", 86400];
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/** Fill one of Slack's date patterns. Unknown tokens stay as they are. `first` says that no text precedes the date. */
export function filled(pattern, date, first = true) {
  return pattern.replace(/\{(\w+)\}/g, (whole, token) => {
    if (token === "ago") return ago(date);
    if (token === "day_divider_pretty") return dayLine(date);
    const plain = token.replace(/_pretty$/, "");
    if (!(plain in shapes)) return whole;
    if (plain !== token) {
      const word = near(date);
      if (word) return first && pattern.startsWith(whole) ? word : word.toLowerCase();
    }
    return shapes[plain].format(date);
  });
}

/** Show every `<time>` below `root` in local time. */
export function localise(root) {
  for (const element of root.querySelectorAll("time[datetime]:not([data-done])")) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    if ("clock" in element.dataset) {
      element.textContent = shapes.time.format(date);
      element.title = `${shapes.date_long.format(date)}, ${shapes.time_secs.format(date)}`;
    } else if (element.dataset.pattern) {
      element.textContent = filled(element.dataset.pattern, date, !element.previousSibling);
    }
    element.dataset.done = "";
  }
}
