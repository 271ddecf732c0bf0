// The day's tasks by keyboard: arrows walk from tick to tick; a tick that was pressed keeps the focus when its line returns.
const ticks = () => [...document.querySelectorAll("[data-task] .tick")];
let pressed = -1;

document.addEventListener("keydown", (event) => {
  const tick = event.target.closest?.("[data-task] .tick");
  if (!tick || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  event.preventDefault();
  const all = ticks();
  all[all.indexOf(tick) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.matches?.("[data-task]")) pressed = ticks().indexOf(event.detail.target.querySelector(".tick"));
});
document.addEventListener("htmx:afterSettle", () => {
  if (pressed >= 0) ticks()[pressed]?.focus();
  pressed = -1;
});
