// The errors that Redocly's linter finds in a description, one a line.
import { createConfig, lint } from "@redocly/openapi-core";

const config = await createConfig({ extends: ["recommended"] });
const problems = await lint({ ref: process.argv[2], config });
for (const { severity, ruleId, message, location } of problems)
  if (severity === "error") console.log(ruleId, location[0].pointer, message);
