/* The list of jobs: those under way are asked about again until they have ended. */
import { ask, number } from "./parts.js";

const AGAIN_MS = 2000;
const OPEN = ["queued", "running"];

async function look() {
  const rows = [...document.querySelectorAll("tr[data-open]")];
  if (!rows.length) return;
  try {
    const answer = document.hidden ? null : await ask(document.querySelector("[data-list]").dataset.list);
    const jobs = answer?.ok ? (await answer.json()).items : [];
    for (const job of jobs) show(rows.find((row) => row.dataset.open === job.id), job);
  } catch {
    /* the next look may be luckier */
  }
  setTimeout(look, AGAIN_MS);
}

function show(row, job) {
  if (!row) return;
  const word = job.status === "completed" ? job.outcome : job.status;
  const badge = row.querySelector(".badge");
  badge.className = `badge ${word}`;
  badge.textContent = word;
  const counts = { ...job.counts, done: job.counts.created + job.counts.updated + job.counts.deleted };
  for (const cell of row.querySelectorAll("[data-count]")) cell.textContent = number(counts[cell.dataset.count]);
  const progress = row.querySelector("progress");
  if (OPEN.includes(job.status)) progress.value = job.progress;
  else {
    progress.remove();
    delete row.dataset.open;
  }
}

setTimeout(look, AGAIN_MS / 2);
