/* Ticking all links of a page at once, and how many are ticked. */
const form = document.querySelector("[data-many]");

if (form) {
  const all = form.querySelector("[data-all]");
  const count = form.querySelector("[data-count]");
  const boxes = [...document.querySelectorAll('input[name="link"]')];

  const tell = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    count.textContent = `${ticked} ticked`;
    for (const button of form.querySelectorAll("button")) button.disabled = ticked === 0;
  };

  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  addEventListener("pageshow", tell);
  tell();
}
