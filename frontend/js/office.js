// The office's behaviour: htmx for fragments, Alpine (CSP build) for small state, one shortcut table.
import htmx from "htmx.org";
import Alpine from "@alpinejs/csp";
import "./sheet.js";
import "./lists.js";
import "./board.js";
import "./tasks.js";
import "./combo.js";
import "./rule.js";
import "./palette.js";

window.htmx = htmx;
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.selfRequestsOnly = true;
// What was swapped in answers at once: a form bound 20 ms later would send a quick Enter as a page of its own.
htmx.config.defaultSettleDelay = 0;

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector("meta[name=csrf]")?.content;
  if (token) event.detail.headers["X-CSRFToken"] = token;
});

// A native dialog opens from any element that names it.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.dialog)?.showModal();
  }
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog")?.close();
});

// Selects that act at once submit their form.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form?.requestSubmit();
});

// A strip that scrolls sideways on a phone begins where the reader is.
for (const here of document.querySelectorAll(".settings .pages [aria-current], .tabs [aria-current]")) {
  const strip = here.parentElement;
  strip.scrollLeft = here.offsetLeft - strip.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
}

window.Alpine = Alpine;
Alpine.start();
