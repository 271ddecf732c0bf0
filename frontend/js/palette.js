// Ctrl-K, whatever the keyboard's layout: the palette opens over any page, with the text of last time selected.
function open() {
  const palette = document.getElementById("palette");
  if (!palette) return;
  if (!palette.open) palette.showModal();
  const input = palette.querySelector("[role=combobox]");
  input.focus();
  input.select();
  window.htmx.trigger(input, "palette:open");
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.code === "KeyK") {
    event.preventDefault();
    open();
  }
  // A search field takes the first Escape for its own clearing: one press must close.
  if (event.key === "Escape" && event.target.closest?.("#palette")) {
    event.preventDefault();
    document.getElementById("palette").close();
  }
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette]")) open();
  const palette = document.getElementById("palette");
  if (event.target === palette) palette.close();
});
