/* Charts: the value of a day under the pointer or by the arrow keys, and names of countries. */
import { number } from "./parts.js";
import * as phrases from "./phrases.js";

const COUNTRY = /^[A-Z]{2}$/;
const names = new Intl.DisplayNames(["en"], { type: "region" });

for (const cell of document.querySelectorAll("[data-country]")) {
  if (COUNTRY.test(cell.textContent)) cell.textContent = names.of(cell.textContent);
}

for (const chart of document.querySelectorAll("[data-chart]")) {
  const days = [...chart.querySelectorAll("[data-day]")];
  const output = chart.closest("figure").querySelector("[data-value]");
  let at = days.length;

  const show = (place) => {
    at = Math.max(0, Math.min(days.length - 1, place));
    for (const day of days) day.classList.toggle("chosen", day === days[at]);
    const { day, clicks } = days[at].dataset;
    output.textContent = phrases.clicksOf(day, number(clicks));
  };

  chart.addEventListener("pointerover", ({ target }) => {
    if (target.dataset.day) show(days.indexOf(target));
  });
  chart.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(at + steps[event.key]);
  });
}
