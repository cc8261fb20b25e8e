// Refreshes the list while it is looked at, shows times in the reader's zone, deletes on request.
// All markup comes encoded from the server; a parsed document runs no scripts.
"use strict";

const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const long = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });

function localTimes(root) {
  const today = new Date().toDateString();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const when = new Date(time.dateTime);
    const format = "long" in time.dataset ? long : when.toDateString() === today ? clock : day;
    time.textContent = format.format(when);
  }
}

async function refresh() {
  const shown = document.querySelector("[data-live]");
  if (!shown || document.hidden) return;
  try {
    const response = await fetch(location.href, { cache: "no-store" });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const live = fresh.querySelector("[data-live]");
    localTimes(live);
    if (live.innerHTML !== shown.innerHTML) shown.replaceWith(live);
    document.title = fresh.title;
  } catch {
    const dot = shown.querySelector(".dot");
    if (dot) dot.className = "dot off";
  }
}

document.addEventListener("click", async event => {
  const button = event.target.closest("button[data-delete]");
  if (!button || (button.dataset.ask && !confirm(button.dataset.ask))) return;
  const ids = button.dataset.ids;
  await fetch(button.dataset.delete, ids
    ? { method: "DELETE", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ IDs: [ids] }) }
    : { method: "DELETE" });
  location.href = "/";
});

localTimes(document);
setInterval(refresh, 2000);
document.addEventListener("visibilitychange", refresh);
