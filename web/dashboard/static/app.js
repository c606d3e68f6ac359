/* On every page: moments in the reader's own time. */
import { local } from "./parts.js";

for (const moment of document.querySelectorAll("time[datetime]")) local(moment);
