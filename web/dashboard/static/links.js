/* Selects all links of a page, or all that match, and shows how many are selected. */
import * as phrases from "./phrases.js";

const form = document.querySelector("[data-many]");

if (form) {
  const all = form.querySelector("[data-all]");
  const whole = form.querySelector("[data-whole]");
  const count = form.querySelector("[data-count]");
  const boxes = [...document.querySelectorAll('input[name="link"]')];

  const show = () => {
    const selected = boxes.filter((box) => box.checked).length;
    all.checked = selected === boxes.length;
    all.indeterminate = selected > 0 && selected < boxes.length;
    for (const box of [all, ...boxes]) box.disabled = whole.checked;
    count.textContent = whole.checked ? phrases.ALL_SELECTED : phrases.selected(selected);
    for (const button of form.querySelectorAll("button")) button.disabled = selected === 0 && !whole.checked;
  };

  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of [whole, ...boxes]) box.addEventListener("change", show);
  addEventListener("pageshow", show);
  show();
}
