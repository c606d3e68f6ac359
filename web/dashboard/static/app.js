/* On every page: buttons that copy. Where a browser does not let a page do that, there is no button. */
import { ask } from "./parts.js";

const COPIED_MS = 2000;

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
    button.textContent = "Copied";
  } catch {
    button.textContent = "Could not copy";
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

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy], [data-copy-from]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}
