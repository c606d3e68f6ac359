/* What the scripts of several pages need. Texts of users go through textContent, never through markup. */

export function number(value) {
  return value === null || value === undefined ? "–" : Math.round(value).toLocaleString("en-US");
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return seconds < 10 ? `${seconds.toFixed(1)} s` : `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function token() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/** fetch with the session, and with its token where something is changed. */
export function ask(path, options = {}) {
  return fetch(path, { ...options, headers: { ...options.headers, "X-CSRF-Token": token() } });
}
