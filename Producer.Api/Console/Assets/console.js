// What the server's pages cannot do by themselves: times in the reader's zone, copying, and news without a reload.
// All markup comes encoded from the server; a parsed document runs no scripts.

const root = new URL(".", document.querySelector("link[rel=stylesheet]").href).pathname.replace(/assets\/$/, "");
const hours = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const clock = new Intl.DateTimeFormat(undefined, hours);
const day = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", ...hours });

function localTimes(within) {
  const today = new Date().toDateString();
  for (const time of within.querySelectorAll("time[datetime]")) {
    const when = new Date(time.dateTime);
    time.textContent = (when.toDateString() === today ? clock : day).format(when);
  }
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function addCopyButtons() {
  // Browsers have it for pages over TLS, and of this machine.
  if (!navigator.clipboard) return;
  for (const text of document.querySelectorAll("[data-copy]")) {
    const button = element("button", { type: "button", textContent: text.dataset.copy });
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    });
    text.after(button);
  }
}

// A second press of a button is no second request.
function sendOnce() {
  document.addEventListener("submit", event => {
    if (event.target.method !== "post") return;
    // Behind this event, since a disabled button is not part of the form.
    setTimeout(() => event.target.querySelectorAll("button").forEach(button => (button.disabled = true)));
  });
  addEventListener("pageshow", () => document.querySelectorAll("form button:disabled").forEach(button => (button.disabled = false)));
}

const kinds = { failures: 0, mails: 1, clock: 2 };

class Live {
  #kind = document.body.dataset.live;
  #mark = document.body.dataset.mark ?? null;
  #paused = sessionStorage.getItem("console-paused") === "yes";
  #source = null;
  #polling = null;
  #busy = false;
  #state = element("span", { textContent: "" });
  #box = element("div", { className: "live" });
  #fresh = null;

  start() {
    const button = element("button", { type: "button", className: "quiet" });
    const show = () => {
      button.textContent = this.#paused ? "Go live" : "Pause live";
    };
    button.addEventListener("click", () => {
      this.#paused = !this.#paused;
      sessionStorage.setItem("console-paused", this.#paused ? "yes" : "no");
      show();
      if (this.#paused) this.#close("Paused");
      else this.#connect();
    });
    show();
    const dot = element("span", { className: "dot" });
    dot.ariaHidden = "true";
    this.#box.append(dot, this.#state, button);
    document.querySelector(".who")?.prepend(this.#box);
    // A page in the background asks for nothing.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#close("Paused") : this.#paused || this.#connect()));
    if (this.#paused) this.#say("Paused", "idle");
    else this.#connect();
  }

  #say(text, state) {
    this.#state.textContent = text;
    this.#box.dataset.state = state;
  }

  #connect() {
    if (this.#source || document.hidden) return;
    this.#source = new EventSource(`${root}live`);
    this.#source.addEventListener("open", () => {
      this.#stopPolling();
      this.#say("Live", "on");
    });
    this.#source.addEventListener("marks", event => this.#told(event.data.split("/")[kinds[this.#kind]]));
    this.#source.addEventListener("error", () => {
      this.#say("Connecting again", "off");
      // Where no stream comes through, and where this browser has given it up, the page is looked at every few seconds.
      this.#polling ??= setInterval(() => this.#refresh(), 10_000);
      if (this.#source?.readyState === EventSource.CLOSED) {
        this.#source = null;
        setTimeout(() => this.#paused || this.#connect(), 10_000);
      }
    });
  }

  #close(text) {
    this.#source?.close();
    this.#source = null;
    this.#stopPolling();
    this.#say(text, "idle");
  }

  #stopPolling() {
    clearInterval(this.#polling);
    this.#polling = null;
  }

  #told(mark) {
    const news = this.#mark !== null && mark !== this.#mark;
    this.#mark = mark;
    if (news) this.#refresh();
  }

  async #refresh() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (response.redirected && new URL(response.url).pathname !== location.pathname) return this.#close("Signed out: load the page again");
      if (!response.ok) return this.#say(`The server responds ${response.status}`, "off");
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      localTimes(fresh);
      this.#swapRegions(fresh);
      this.#takeRows(fresh);
      if (this.#source?.readyState === EventSource.OPEN) this.#say("Live", "on");
    } catch {
      this.#say("Connecting again", "off");
    } finally {
      this.#busy = false;
    }
  }

  // What somebody is in, or has selected, stays as it is.
  #swapRegions(fresh) {
    for (const region of document.querySelectorAll("[data-live-region]")) {
      const next = fresh.querySelector(`[data-live-region="${region.dataset.liveRegion}"]`);
      if (!next || next.innerHTML === region.innerHTML) continue;
      if (region.querySelector("form") && (region.matches(":hover") || region.contains(document.activeElement))) continue;
      const selection = getSelection();
      if (!selection.isCollapsed && selection.containsNode(region, true)) continue;
      const focused = region.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      region.replaceChildren(...next.childNodes);
      if (focused) region.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    }
  }

  // Rows that are there keep their places, and show their new state; new ones are counted, and come when they are asked for.
  #takeRows(fresh) {
    const list = document.querySelector("[data-live-list]");
    const next = fresh.querySelector("[data-live-list]");
    const news = document.querySelector("[data-news]");
    if (!news || !next) return;
    if (!list) return this.#offer(news, next.querySelectorAll("[data-row]").length, () => location.reload());
    let count = 0;
    for (const row of next.querySelectorAll("[data-row]")) {
      const shown = list.querySelector(`[data-row="${CSS.escape(row.dataset.row)}"]`);
      if (!shown) {
        row.classList.add("fresh");
        count++;
        continue;
      }
      for (const cell of row.querySelectorAll("[data-cell]")) {
        const before = shown.querySelector(`[data-cell="${cell.dataset.cell}"]`);
        if (before && before.innerHTML !== cell.innerHTML) before.innerHTML = cell.innerHTML;
      }
    }
    this.#fresh = next;
    this.#offer(news, count, () => {
      list.replaceChildren(...this.#fresh.childNodes);
      news.hidden = true;
      news.replaceChildren();
      list.querySelector(".fresh a")?.focus();
    });
  }

  #offer(news, count, show) {
    if (count === 0) return;
    const button = element("button", { type: "button", className: "primary", textContent: `${count} new, show` });
    button.addEventListener("click", show);
    news.replaceChildren(button);
    news.hidden = false;
  }
}

localTimes(document);
addCopyButtons();
sendOnce();
if (document.body.dataset.live) new Live().start();
