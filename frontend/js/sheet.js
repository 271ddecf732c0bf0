// One dialog for every form that htmx brings: it opens when something arrives and closes on `sheet:close` or success.
const sheet = () => document.getElementById("sheet");

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "sheet") return;
  const dialog = sheet();
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea")?.focus();
});

// A form inside the sheet that aims elsewhere has done its work once its answer is there.
document.addEventListener("htmx:afterRequest", (event) => {
  const dialog = sheet();
  if (dialog?.open && event.detail.successful && dialog.contains(event.detail.elt) && event.detail.target?.id !== "sheet" && !dialog.contains(event.detail.target)) dialog.close();
});
document.addEventListener("sheet:close", () => sheet()?.close());
document.addEventListener("click", (event) => {
  if (event.target === sheet()) sheet().close();
  // An open menu closes when the click goes elsewhere.
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  if (event.target.closest("[data-dismiss]")) event.target.closest("[data-dismiss]").parentElement.remove();
  if (event.target.closest("[data-print]")) window.print();
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// Single keys press the button that names them, never while a person types.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
  if (event.target.closest("input, select, textarea, [contenteditable], dialog")) return;
  const physical = event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
  const button = document.querySelector(`[data-key="${CSS.escape(physical)}"]`);
  if (button) {
    event.preventDefault();
    button.click();
  }
});

// A refused form shows its answer too: 409, 412 and 422 carry the page's own words.
document.addEventListener("htmx:beforeSwap", (event) => {
  // A button inherits the swap of the form around it; into the sheet everything goes inside.
  if (event.detail.target?.id === "sheet") event.detail.swapOverride = "innerHTML";
  if ([403, 409, 412, 422, 429].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
// A choice of "another reason" asks for words beside it.
document.addEventListener("change", (event) => {
  const choice = event.target.closest?.("select[data-or-words]");
  if (choice) choice.form.elements[choice.dataset.orWords].required = choice.value === "other";
});
