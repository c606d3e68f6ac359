/* On every page: buttons that copy, keys, and where the focus is. Where a browser does not let a page copy, there is no button. */
import { ask } from "./parts.js";
import * as phrases from "./phrases.js";

const COPIED_MS = 2000;
const PRESSED = "pressed";

async function textOf({ dataset, parentElement }) {
  if (dataset.copy) return dataset.copy;
  if (!dataset.copyFrom) return parentElement.querySelector("[data-secret]").textContent;
  const answer = await ask(dataset.copyFrom);
  if (!answer.ok) throw new Error(answer.statusText);
  return (await answer.text()).split("\r\n").slice(1).join("\n"); // without the header
}

async function copy(button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(await textOf(button));
    button.textContent = phrases.COPIED;
  } catch {
    button.textContent = phrases.NOT_COPIED;
  }
  setTimeout(() => (button.textContent = label), COPIED_MS);
}

/* The keys / and u: to the search field of the page, and to the upload. */
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const search = document.querySelector("input[type=search]");
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
  }
  if (event.key === "u" && document.querySelector("nav")) location.assign("/app/upload");
});

/* After an action its page comes again. The focus goes back to the button, or to the message if the button is gone. A
   form with a mistake puts it on the first field with one. */
function pathOf(form) {
  return new URL(form.getAttribute("action") ?? "", location).pathname; // form.action may be a button of that name
}

document.addEventListener("submit", ({ target, submitter, defaultPrevented }) => {
  if (target.matches("[role=search]")) target.setAttribute("aria-busy", "true");
  if (defaultPrevented || target.method !== "post" || !submitter) return;
  sessionStorage.setItem(PRESSED, JSON.stringify([pathOf(target), submitter.textContent]));
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
});

function focusAfterAction() {
  const pressed = sessionStorage.getItem(PRESSED);
  sessionStorage.removeItem(PRESSED);
  const mistake = document.querySelector("[aria-invalid=true]");
  const message = document.querySelector(".flash");
  if (!pressed || document.activeElement !== document.body) return;
  if (mistake) return mistake.focus();
  const [path, label] = JSON.parse(pressed);
  const forms = [...document.forms].filter((form) => pathOf(form) === path);
  const buttons = forms.flatMap((form) => [...form.querySelectorAll("button")]);
  (buttons.find((button) => button.textContent === label) ?? message)?.focus();
}

/* On a phone the navigation is one row, which is wider than the screen. */
const here = document.querySelector("nav [aria-current]");
if (here) here.closest("ul").scrollLeft = here.offsetLeft - here.parentElement.parentElement.offsetLeft - here.offsetWidth;

/* Screen readers read a message that changes, not one that is there from the start. */
for (const message of document.querySelectorAll(".flash")) message.replaceChildren(message.textContent);
focusAfterAction();

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy], [data-copy-from]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}
