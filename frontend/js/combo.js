// One keyboard for every list of offers under an input: the Ctrl-K palette and the pickers of records in forms.
// [data-combo] holds an input[role=combobox], its listbox (filled by htmx) and, in a picker, a hidden input for the id.
// The palette and a picker with data-first offer the first at once: Enter or, in a picker, Tab takes it.
const parts = (place) => ({
  input: place.querySelector("[role=combobox]"),
  box: place.querySelector("[role=listbox]"),
  kept: place.querySelector("input[type=hidden]"),
  status: place.querySelector("[role=status]"),
});
const offers = (box) => [...box.querySelectorAll("[role=option]:not([aria-disabled])")];

function activate(place, option) {
  const { input, box } = parts(place);
  for (const one of offers(box)) one.setAttribute("aria-selected", String(one === option));
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}

function fold(place, open) {
  const { input, box } = parts(place);
  if (place.dataset.combo === "pick") box.hidden = !open;
  input.setAttribute("aria-expanded", String(open));
  if (!open) activate(place, null);
}

function choose(place, option) {
  const { input, kept } = parts(place);
  input.value = option.dataset.text;
  kept.value = option.dataset.value;
  fold(place, false);
  kept.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("htmx:afterSwap", (event) => {
  const place = event.detail.target?.closest?.("[data-combo]");
  if (!place || event.detail.target.getAttribute("role") !== "listbox") return;
  const { box, status } = parts(place);
  const found = offers(box);
  // Two pickers of one form may offer the same record.
  if (place.dataset.combo === "pick") for (const [number, option] of found.entries()) option.id = `${box.id}-${number}`;
  fold(place, box.children.length > 0);
  if ((place.dataset.combo === "palette" || "first" in place.dataset) && found.length) activate(place, found[0]);
  if (status) status.textContent = `${status.dataset.words} ${found.length}`;
});

document.addEventListener("keydown", (event) => {
  const place = event.target.closest?.("[data-combo]");
  if (!place || event.target.getAttribute("role") !== "combobox") return;
  const { box } = parts(place);
  const found = offers(box);
  const at = found.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (found.length) activate(place, found[(at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + found.length) % found.length]);
  } else if (event.key === "Enter" && !box.hidden && at >= 0) {
    event.preventDefault();
    found[at].click();
  } else if (event.key === "Tab" && "first" in place.dataset && !box.hidden && at >= 0) {
    choose(place, found[at]);
  } else if (event.key === "Escape" && place.dataset.combo === "pick" && !box.hidden) {
    event.preventDefault();
    event.stopPropagation();
    fold(place, false);
  }
});

document.addEventListener("input", (event) => {
  const place = event.target.closest?.("[data-combo=pick]");
  if (place && event.target.getAttribute("role") === "combobox") parts(place).kept.value = "";
});

document.addEventListener("click", (event) => {
  const option = event.target.closest("[data-combo] [role=option]");
  for (const place of document.querySelectorAll("[data-combo=pick]")) if (!place.contains(event.target)) fold(place, false);
  if (!option || option.hasAttribute("aria-disabled")) return;
  const place = option.closest("[data-combo]");
  if (place.dataset.combo === "pick") {
    event.preventDefault();
    choose(place, option);
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  place.closest("dialog")?.close();
  if (option.hasAttribute("data-into-sheet")) {
    event.preventDefault();
    window.htmx.ajax("GET", option.getAttribute("href"), { target: "#sheet" });
  }
});
