const dark = matchMedia("(prefers-color-scheme: dark)");
const wear = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

dark.addEventListener("change", wear);
wear();

// An example of an optional parameter would be sent by whoever presses Execute, so it is only shown.
const showExamples = (spec) => {
  for (const operations of Object.values(spec.paths))
    for (const operation of Object.values(operations))
      for (const parameter of operation.parameters ?? []) {
        if (parameter.required || parameter.example === undefined) continue;
        parameter.description += `\n\nExample: \`${parameter.example}\``;
        delete parameter.example;
      }
  return spec;
};

const response = await fetch(document.getElementById("docs").dataset.url);

SwaggerUIBundle({
  spec: showExamples(await response.json()),
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
});
