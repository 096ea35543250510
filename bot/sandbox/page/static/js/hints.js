// The composer's suggestions: slash commands, the bot's commands, people, user groups and channels.
const known = JSON.parse(document.getElementById("hints").textContent);
const MOST = 9;

function slash(text) {
  return known.slash.filter((each) => each.command.startsWith(text))
    .map((each) => ({ insert: `${each.command} `, strong: each.command, rest: ` ${each.usage_hint}`, about: each.description }));
}

function splitOptions(usage) {
  return [...usage.matchAll(/--[a-z-]+/g)].map((match) => match[0]).filter((each, at, all) => all.indexOf(each) === at);
}

function current(text) {
  const [command, ...rest] = text.split(" ");
  const spoken = rest.join(" ").toLowerCase();
  if (!known.slash.some((each) => each.command === command) || !rest.length) return null;
  const fitting = known.commands.flatMap((best) => [best.name, ...best.spellings].map((spelling) => ({ best, spelling })))
    .filter(({ spelling }) => spoken === spelling || spoken.startsWith(`${spelling} `));
  const { best, spelling } = fitting.sort((one, other) => other.spelling.length - one.spelling.length)[0] ?? {};
  return { command, spoken, best, isComplete: spoken.trimEnd() === spelling };
}

/** Return whether the text is a command without arguments, in any of its spellings. */
export function isCommand(text) {
  return Boolean(current(text)?.isComplete);
}

function whole(command, { name, usage, summary }) {
  return { insert: `${command} ${name} `, strong: name, rest: usage.slice(name.length), about: summary };
}

function forCommand(text) {
  const { command, spoken, best, isComplete } = current(text) ?? {};
  if (!command) return [];
  const last = spoken.split(" ").pop();
  if (best && !(isComplete && last)) {
    if (!last.startsWith("-")) return known.commands.filter((each) => each.name.startsWith(spoken)).map((each) => whole(command, each));
    return splitOptions(best.usage).filter((each) => each.startsWith(last) && !spoken.includes(`${each} `))
      .map((each) => ({ insert: `${each} `, strong: each, rest: "", about: argumentOf(best.usage, each), word: true }));
  }
  const words = spoken.split(/\s+/).filter(Boolean);
  const score = (each) => (each === best ? -1 : each.name.startsWith(spoken) ? 0 : words.every((word) => each.name.includes(word)) ? 1
    : words.every((word) => `${each.name} ${each.summary}`.toLowerCase().includes(word)) ? 2 : 3);
  return known.commands.map((each) => [score(each), each]).filter(([points]) => points < 3)
    .sort(([one], [other]) => one - other)
    .map(([, each]) => whole(command, each));
}

function argumentOf(usage, option) {
  const part = usage.match(new RegExp(`\\[?${option}[^\\]]*\\]?`))?.[0] ?? option;
  return part.replace(/[[\]]/g, "");
}

function mention(text) {
  const match = /(?:^|\s)([@#])([\w.-]*)$/.exec(text);
  if (!match) return [];
  const [, mark, start] = match, wanted = start.toLowerCase();
  return known[mark === "@" ? "people" : "channels"]
    .filter((each) => each.name.toLowerCase().startsWith(wanted) || each.about.toLowerCase().includes(wanted))
    .map((each) => ({ insert: `${mark}${each.name} `, strong: `${mark}${each.name}`, rest: "", about: each.about, word: true }));
}

/** Return suggestions that continue the text before the caret. */
export function suggestions(text) {
  if (text.includes("\n")) return [];
  const found = mention(text);
  if (found.length) return found.slice(0, MOST);
  if (/^\/\S*$/.test(text)) return slash(text);
  return text.startsWith("/") ? forCommand(text).slice(0, 40) : [];
}

/** Return the text and the position of the caret after a suggestion is accepted. */
export function complete(text, caret, insert) {
  const before = text.slice(0, caret), after = text.slice(caret);
  const head = insert.startsWith("/") ? "" : before.replace(/\S*$/, "");
  return [head + insert + after.trimStart(), head.length + insert.length];
}

/** Return the parts of the line below the composer: the typed command's usage with the current option marked, or a tip. */
export function hintFor(text) {
  if (!text.startsWith("/")) return text ? ["Enter to send, Shift+Enter for a new line"] : ["Type / for commands"];
  const best = current(text)?.best;
  if (!best) return [""];
  const last = text.split(/\s+/).filter((word) => word.startsWith("--")).pop();
  const code = document.createElement("code");
  const at = last ? best.usage.indexOf(last) : -1;
  if (at < 0) code.append(best.usage);
  else {
    const part = argumentOf(best.usage, last), mark = document.createElement("mark");
    mark.textContent = part;
    code.append(best.usage.slice(0, at), mark, best.usage.slice(at + part.length));
  }
  return [code, ` — ${best.summary}`];
}
