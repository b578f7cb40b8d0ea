/* Keeps a page up to date: its live parts, moments in the reader's own time, and a button to copy an address.

   The rule of this file: all content comes from the server, in HTML; nothing here makes HTML of text. */
"use strict";

const EVERY = 5000; // milliseconds

const style = { dateStyle: "medium", timeStyle: "short" };
const local = new Intl.DateTimeFormat(undefined, style);

function inLocalTime(part) {
  for (const time of part.querySelectorAll("time")) {
    time.title = time.textContent;
    time.textContent = local.format(new Date(time.dateTime));
  }
}

function withoutBrokenPictures(part) {
  for (const picture of part.querySelectorAll("img[data-optional]")) {
    const hide = () => { picture.closest("figure").hidden = true; };
    picture.addEventListener("error", hide);
    if (picture.complete && picture.naturalWidth === 0) hide();
  }
}

const shown = new Map(); // each live part as the server sent it

function exchange(part, fresh) {
  if (!fresh || shown.get(part.id) === fresh.innerHTML) return;
  shown.set(part.id, fresh.innerHTML);
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  inLocalTime(fresh);
  part.replaceChildren(...document.adoptNode(fresh).childNodes);
  withoutBrokenPictures(part);
  if (focused) document.getElementById(focused)?.focus();
}

async function update() {
  if (document.hidden) return;
  let fresh = null;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.ok) fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    // the server does not answer: the page shows it, see below
  }
  document.body.classList.toggle("stale", fresh === null);
  if (fresh === null) return;
  for (const part of document.querySelectorAll("[data-live]")) exchange(part, fresh.getElementById(part.id));
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch { // without TLS only this clipboard works
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  button.textContent = "Copied";
}

for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, part.innerHTML);
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
inLocalTime(document);
withoutBrokenPictures(document);
setInterval(update, EVERY);
document.addEventListener("visibilitychange", update);
