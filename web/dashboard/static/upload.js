/* The upload: a file dropped anywhere on the page, a look at it before it goes, and a bar while it does. */
import { ask, token } from "./parts.js";
import * as phrases from "./phrases.js";

const form = document.querySelector("#upload");
const { file, pasted, mapping, again } = form.elements;
const [faults, said, preview, go, why, stop, sending, sent, howFar] = ["faults", "said", "preview", "go", "why", "stop", "sending", "sent", "how-far"].map((id) => document.getElementById(id));
const [HEAD, SHEET, MOST] = [form.dataset.head, form.dataset.sheet, form.dataset.most].map(Number);
const ZIP = "PK\x03\x04";
const WHOLE = /\.json$/i; // a part of a list is not JSON
const UNSEEN = new Set(["name", "duplicates", "dry_run", "fetch_titles", "webhook_url"]); // in a preview
const OTHER_COLUMNS = new Set(["file", "pasted", "delimiter", "encoding", "header", "scheme", "sheet"]);
const PAUSE = 400;

let looking = new AbortController();
let upload = null;
let name = null;
let typing = 0;
let sheet = ""; // that was chosen, also while the preview shows an error in place of the sheets

/** One name for one upload, however often it has to be sent; whatever is changed makes it another. */
function named() {
  name ??= [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return name;
}

function blame(texts) {
  faults.hidden = texts.length === 0;
  faults.replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  if (texts.length) faults.scrollIntoView({ block: "nearest" });
}

/** What a page of ours says is wrong. */
function told(page) {
  const found = page.querySelectorAll("#faults li, main section > p:first-of-type");
  return found.length ? [...found].map((element) => element.textContent) : [phrases.UNKNOWN];
}

function hasFile() {
  return Boolean(file.files.length || pasted.value.trim() || again.value);
}

/** Disables the button, with the reason beside it, or enables it. */
function block(reason) {
  why.textContent = reason;
  go.disabled = Boolean(reason || upload);
}

function blockAsShown() {
  const [chosen] = file.files;
  if (!hasFile()) return block(phrases.NO_FILE);
  if (chosen && chosen.size > MOST) return block(phrases.tooLarge(size(chosen.size), size(MOST)));
  block(preview.querySelector("[data-blocked]")?.dataset.blocked ?? "");
}

function read(text) {
  return new DOMParser().parseFromString(text, "text/html");
}

function show(nodes) {
  const held = preview.contains(document.activeElement) ? document.activeElement.id : "";
  preview.replaceChildren(...nodes);
  preview.classList.remove("looking");
  if (held) document.getElementById(held)?.focus();
  said.textContent = preview.querySelector("#summary")?.textContent ?? "";
  blockAsShown();
}

function filledIn() {
  const body = new FormData(form);
  if (sheet && !body.has("sheet")) body.set("sheet", sheet);
  return body;
}

/** The form with as much of its file as is needed to see what it is. */
async function beginning() {
  const body = filledIn();
  const [chosen] = file.files;
  if (!chosen) {
    body.delete("file");
    body.set("pasted", pasted.value.slice(0, HEAD));
    body.set("whole", pasted.value.length <= HEAD ? "1" : "");
    return body;
  }
  const whole = WHOLE.test(chosen.name) || (await chosen.slice(0, ZIP.length).text()) === ZIP;
  const part = chosen.slice(0, whole && chosen.size <= SHEET ? SHEET : HEAD);
  body.delete("pasted");
  body.set("file", part, chosen.name);
  body.set("whole", part.size === chosen.size ? "1" : "");
  return body;
}

async function look() {
  looking.abort();
  looking = new AbortController();
  const { signal } = looking;
  if (!hasFile()) return show([]);
  preview.classList.add("looking");
  try {
    const answer = await ask(form.dataset.preview, { method: "POST", body: await beginning(), signal });
    const page = read(await answer.text());
    if (signal.aborted) return;
    if (!answer.ok) blame(told(page));
    show(answer.ok ? page.body.childNodes : []);
  } catch {
    if (signal.aborted) return;
    show([]);
    blame([phrases.NO_PREVIEW]);
  }
}

/** Every field is said, also those without a column: what the page shows is what is done. */
function choose(changed) {
  const selects = [...preview.querySelectorAll("select[data-column]")];
  for (const select of selects) if (select !== changed && select.value === changed.value) select.value = "";
  const fields = [...changed.options].map((option) => option.value).filter(Boolean);
  const chosen = Object.fromEntries(fields.map((field) => [field, null]));
  for (const select of selects) if (select.value) chosen[select.value] = JSON.parse(select.dataset.column);
  mapping.value = JSON.stringify(chosen);
}

/** Takes a whole mapping: fields without a column in it have none. */
function take(chosen) {
  const fields = [...preview.querySelector("select[data-column]").options].map((option) => option.value).filter(Boolean);
  mapping.value = JSON.stringify({ ...Object.fromEntries(fields.map((field) => [field, null])), ...chosen });
  look();
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function move({ loaded, total }) {
  sent.value = total ? loaded / total : 0;
  howFar.textContent = loaded < total ? phrases.sentSoFar(size(loaded), size(total)) : phrases.SENT;
}

function rest() {
  upload = null;
  blockAsShown();
  sending.hidden = stop.hidden = true;
}

function fail(texts) {
  rest();
  said.textContent = "";
  blame(texts);
}

function send() {
  blame([]);
  upload = new XMLHttpRequest();
  upload.open("POST", form.action);
  upload.setRequestHeader("X-CSRF-Token", token());
  upload.setRequestHeader("Idempotency-Key", named());
  upload.upload.addEventListener("progress", move);
  upload.addEventListener("load", ({ target }) => {
    if (target.status === 201) location.assign(target.getResponseHeader("Location"));
    else fail(told(read(target.responseText)));
  });
  upload.addEventListener("error", () => fail([phrases.BROKEN]));
  upload.addEventListener("abort", () => fail([phrases.STOPPED]));
  go.disabled = true;
  sending.hidden = stop.hidden = false;
  said.textContent = phrases.UPLOADING;
  move({ loaded: 0, total: file.files[0]?.size ?? pasted.value.length });
  upload.send(filledIn());
}

function drop(event) {
  form.querySelector("#drop").classList.remove("over");
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  if (event.dataTransfer.files.length !== 1) return blame([phrases.SEVERAL_FILES]);
  file.files = event.dataTransfer.files;
  file.dispatchEvent(new Event("change", { bubbles: true }));
}

function changed({ target }) {
  name = null;
  if (UNSEEN.has(target.name)) return;
  blame([]);
  if (target.name === "sheet") sheet = target.value;
  if (target === file) {
    sheet = ""; // that was one of another file
    show([]);
  }
  if (OTHER_COLUMNS.has(target.name)) mapping.value = "";
  if (target.dataset.column) choose(target);
  look();
}

form.addEventListener("change", changed);
pasted.addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(changed, PAUSE, event);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!go.disabled) send();
});
preview.addEventListener("click", ({ target }) => {
  if (target.dataset.mapping) take(JSON.parse(target.dataset.mapping));
});
stop.addEventListener("click", () => upload?.abort());
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form.querySelector("#drop").classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) form.querySelector("#drop").classList.remove("over");
});
document.addEventListener("drop", drop);
addEventListener("pageshow", () => {
  rest();
  mapping.value = mapping.defaultValue;
  look();
});
