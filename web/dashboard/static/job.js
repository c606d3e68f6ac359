/* A job that is under way: its bar, counts, rate and failures from the event stream, or by asking where streams are
   cut. At its end the page is loaded once more, for its rows and downloads. */
import { ask, duration, number } from "./parts.js";
import * as phrases from "./phrases.js";

const WAIT_SECONDS = 20;
const AGAIN_MS = 2000;
const live = document.getElementById("live");
const path = live.dataset.job;
const title = document.title.replace(/^\d+ % · /, "");

function show(job) {
  const all = job.counts.total || 1;
  let at = 0;
  for (const part of document.querySelectorAll("#bar rect")) {
    const width = (100 * job.counts[part.dataset.kind]) / all;
    part.setAttribute("x", `${at}%`);
    part.setAttribute("width", `${width}%`);
    at += width;
  }
  const percent = Math.round(job.progress * 100);
  document.getElementById("bar").setAttribute("aria-valuenow", percent);
  document.title = `${percent} % · ${title}`;
  for (const count of document.querySelectorAll("[data-count]")) count.textContent = number(job.counts[count.dataset.count]);
  const badge = document.querySelector("#state .badge");
  badge.className = `badge ${job.status}`;
  badge.textContent = job.status;
  const left = job.eta_seconds === null ? "" : duration(job.eta_seconds);
  document.getElementById("pace").textContent = phrases.pace(number(job.rate), left);
  showFailures(job.errors);
}

function showFailures(errors) {
  document.getElementById("failures").hidden = Object.keys(errors).length === 0;
  for (const row of document.querySelectorAll("[data-code]")) {
    const count = errors[row.dataset.code] ?? 0;
    row.hidden = count === 0;
    row.querySelector("[data-failed]").textContent = number(count);
  }
}

function over(job) {
  show(job);
  location.reload();
}

function follow() {
  const stream = new EventSource(`${path}/events`);
  live.dataset.by = "stream";
  stream.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  stream.addEventListener("done", (event) => {
    stream.close();
    over(JSON.parse(event.data));
  });
  stream.addEventListener("error", () => {
    stream.close();
    poll();
  });
}

async function poll() {
  live.dataset.by = "asking";
  let tag = "";
  for (;;) {
    try {
      // The first request does not wait: it brings the page up to date, and the server waits for changes from then on.
      const answer = tag ? await ask(`${path}?wait=${WAIT_SECONDS}`, { headers: { "If-None-Match": tag } }) : await ask(path);
      if (answer.status === 401 || answer.status === 404) return location.reload();
      if (answer.ok) {
        tag = answer.headers.get("ETag") ?? "";
        const job = await answer.json();
        if (job.status !== "queued" && job.status !== "running") return over(job);
        show(job);
      } else if (answer.status !== 304) await pause();
    } catch {
      await pause();
    }
  }
}

function pause() {
  return new Promise((go) => setTimeout(go, AGAIN_MS));
}

follow();
