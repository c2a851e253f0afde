// Small comforts. Every page works without them.

const shown = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.textContent = shown.format(new Date(time.dateTime));
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

// "live" is only said while the stream is open.
document.addEventListener("htmx:sseOpen", () => { document.documentElement.dataset.live = "on"; });
document.addEventListener("htmx:sseError", () => { document.documentElement.dataset.live = "off"; });

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

localTimes(document);
