// Small comforts. Every page works without them.

const whole = { year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
const shown = new Intl.DateTimeFormat(undefined, whole);

// Where many stand below one another: no seconds, and the year only where it is another.
const { second, ...toTheMinute } = whole;
const { year, ...ofThisYear } = toTheMinute;
const shownBrief = new Intl.DateTimeFormat(undefined, ofThisYear);
const shownOfBefore = new Intl.DateTimeFormat(undefined, toTheMinute);
const thisYear = new Date().getFullYear();

// A day without a time is the same everywhere.
const shownDay = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "2-digit", timeZone: "UTC" });

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const brief = at.getFullYear() === thisYear ? shownBrief : shownOfBefore;
    const format = !time.dateTime.includes("T") ? shownDay : time.className === "brief" ? brief : shown;
    time.textContent = format.format(at);
  }
}

// The times bear no zone of their own, so the page says which it is: two people may talk about a screenshot.
const zone = document.getElementById("zone");
const named = new Intl.DateTimeFormat("en", { timeZoneName: "longOffset" });
const place = named.resolvedOptions().timeZone;
if (zone && !/^(Etc\/)?(UTC|UCT|Universal|Zulu)$/.test(place)) {
  const offset = named.formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;
  zone.textContent = `Times are those of ${place} (${offset}).`;
  if (matchMedia("(hover: hover)").matches) {
    const pointing = document.createElement("span");
    pointing.className = "pointing";
    pointing.textContent = " Each shows UTC where you point at it.";
    zone.append(pointing);
  }
}

// A fragment that arrives anew must not close what the reader has opened.
const opened = new Set();
document.addEventListener("toggle", (event) => {
  const details = event.target;
  if (!(details instanceof HTMLDetailsElement) || !details.id) return;
  if (details.open) opened.add(details.id);
  else if (details.isConnected) opened.delete(details.id);
}, true);

function say(text) {
  const said = document.getElementById("said");
  if (said) said.textContent = text;
}

function newestStep() {
  return document.querySelector(".timeline > .step .step-title")?.textContent ?? "";
}

let newest = newestStep();
let steps = document.querySelectorAll(".timeline .step").length;
document.addEventListener("htmx:afterSwap", (event) => {
  localTimes(event.target);
  for (const details of event.target.querySelectorAll("details[id]")) details.open = opened.has(details.id);
  const count = document.querySelectorAll(".timeline .step").length;
  if (count !== steps || newestStep() !== newest) {
    newest = newestStep();
    steps = count;
    say(`New on the timeline: ${newest}`);
  }
});

// A part of the page that follows what changes: the stream only says that there is something new, and
// htmx then fetches the part. "live" is only said while the stream is open.
function follow(part) {
  const reopen_ms = 5000;
  let seen = part.dataset.seen;
  let source = null;

  function live(on) { document.documentElement.dataset.live = on ? "on" : "off"; }

  function open() {
    if (source || document.hidden) return;
    source = new EventSource(`${part.dataset.follow}?seen=${encodeURIComponent(seen)}`);
    source.addEventListener("open", () => live(true));
    source.addEventListener("changed", (event) => {
      seen = event.data;
      htmx.trigger(part, "changed");
    });
    source.addEventListener("error", () => {
      live(false);
      // The browser comes back by itself, except after an answer that is no stream.
      if (source?.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(open, reopen_ms);
      }
    });
  }

  // A browser gives a site six connections in all, so a page that nobody looks at must not hold one.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return open();
    source?.close();
    source = null;
    live(false);
  });
  open();
}

// When the session has ended, the sign-in page must not land inside the part.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL).pathname === "/sign-in/") {
    event.detail.shouldSwap = false;
    location.reload();
  }
});

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const text = source.value;
  if (button.dataset.as === "image") {
    const html = new Blob([text], { type: "text/html" });
    const plain = new Blob([text], { type: "text/plain" });
    await navigator.clipboard.write([new ClipboardItem({ "text/html": html, "text/plain": plain })]);
  } else {
    await navigator.clipboard.writeText(text);
  }
  say("Copied");
  const label = button.querySelector(".label");
  const before = label.textContent;
  label.textContent = "Copied";
  setTimeout(() => { label.textContent = before; }, 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button).catch(() => document.getElementById(button.dataset.copy).select());
});

// A double click sends a form once: of two answers the browser shows the last, and a webhook's secret, which is
// shown once, was in the first. Who has waited in vain may press again.
const again_ms = 3000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "now";
  setTimeout(() => { delete form.dataset.sent; }, again_ms);
});

localTimes(document);
for (const part of document.querySelectorAll("[data-follow]")) follow(part);
