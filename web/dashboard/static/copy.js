/* Copies what is shown once; where a browser does not let a page do that, there is no button. */
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.parentElement.querySelector("[data-secret]").textContent);
      button.textContent = "Copied";
    });
  }
}
