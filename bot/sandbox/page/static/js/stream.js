// The stream's connection. A window that stays hidden closes it, because browsers allow only six connections to a host.
const HIDDEN_MILLISECONDS = 10_000;
const streams = new Set();

/** An EventSource that can be paused. Its listeners are kept. */
class Stream extends EventTarget {
  #url;
  #source = null;
  #kinds = new Set();

  constructor(url) {
    super();
    this.#url = url;
    streams.add(this);
    this.resume();
  }

  get readyState() {
    return this.#source ? this.#source.readyState : EventSource.OPEN;
  }

  addEventListener(kind, listener, options) {
    super.addEventListener(kind, listener, options);
    if (this.#kinds.has(kind)) return;
    this.#kinds.add(kind);
    if (this.#source) this.#forward(kind);
  }

  resume() {
    if (this.#source) return;
    this.#source = new EventSource(this.#url);
    this.#source.onopen = (event) => this.onopen?.(event);
    this.#source.onerror = (event) => this.onerror?.(event);
    for (const kind of this.#kinds) this.#forward(kind);
  }

  pause() {
    this.#source?.close();
    this.#source = null;
  }

  close() {
    this.pause();
    streams.delete(this);
  }

  #forward(kind) {
    this.#source.addEventListener(kind, ({ data }) => this.dispatchEvent(new MessageEvent(kind, { data })));
  }
}

htmx.createEventSource = (url) => new Stream(url);

let leaving = null;
document.addEventListener("visibilitychange", () => {
  clearTimeout(leaving);
  if (document.hidden) leaving = setTimeout(() => streams.forEach((stream) => stream.pause()), HIDDEN_MILLISECONDS);
  else streams.forEach((stream) => stream.resume());
});
