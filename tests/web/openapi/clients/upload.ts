// Posts a CSV text by openapi-fetch, with the types that openapi-typescript generated. Prints the job's id.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [url, token, csv] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
const { data, error } = await client.POST("/api/jobs", {
  body: { file: csv, metadata: { campaign: "spring" } },
  bodySerializer(body) {
    const form = new FormData();
    if (typeof body !== "object" || !("file" in body)) throw new Error("no file");
    form.append("file", new Blob([body.file], { type: "text/csv" }), "urls.csv");
    form.append("metadata", JSON.stringify(body.metadata));
    return form;
  },
});
if (!data) throw new Error(JSON.stringify(error));
console.log(data.id);
