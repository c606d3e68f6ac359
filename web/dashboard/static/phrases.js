/* The texts of pages that scripts write. */

export const COPIED = "Copied";
export const NOT_COPIED = "Could not copy";
export const ALL_SELECTED = "All selected";
export const selected = (count) => `${count} selected`;
export const clicksOf = (day, clicks) => `${day}: ${clicks} ${clicks === "1" ? "click" : "clicks"}`;
export const pace = (rate, left) => `${rate} rows per second${left ? `, ${left} left` : ""}`;

// Upload
export const NO_FILE = "Choose a file or paste URLs first.";
export const SEVERAL_FILES = "Upload one file at a time.";
export const NO_PREVIEW = "The file cannot be previewed: it was moved or changed, or the connection was lost.";
export const UPLOADING = "Uploading …";
export const SENT = "Sent. Starting the job …";
export const STOPPED = "The upload was stopped.";
export const BROKEN = "The connection was lost. Upload again: no link is created twice.";
export const UNKNOWN = "Something went wrong. Load the page again.";
export const tooLarge = (size, limit) => `The file has ${size}. The limit is ${limit}.`;
export const sentSoFar = (sent, total) => `${sent} of ${total}`;
