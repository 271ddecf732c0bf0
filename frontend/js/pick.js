// A picker of customers: type a part of the name, choose with the mouse or the arrows; what was chosen travels as an id.
let waiting;
let asked = 0;

const parts = (place) => ({ input: place.querySelector("[role=combobox]"), value: place.querySelector("input[type=hidden]"), list: place.querySelector("[role=listbox]") });
const options = (list) => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];

function close(place) {
  const { input, list } = parts(place);
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function mark(place, option) {
  const { input, list } = parts(place);
  for (const one of options(list)) one.setAttribute("aria-selected", String(one === option));
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }
}

function choose(place, option) {
  const { input, value } = parts(place);
  input.value = option.dataset.words;
  value.value = option.dataset.value;
  close(place);
}

async function look(place) {
  const { input, list } = parts(place);
  const text = input.value.trim();
  if (!text) return close(place);
  const turn = ++asked;
  const url = place.dataset.pick + (place.dataset.pick.includes("?") ? "&" : "?") + new URLSearchParams({ q: text });
  const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
  if (turn !== asked || !answer.ok) return;
  list.innerHTML = await answer.text();
  for (const [number, option] of options(list).entries()) option.id = `${list.id}-${number}`;
  list.hidden = !list.children.length;
  input.setAttribute("aria-expanded", String(!list.hidden));
  mark(place, options(list)[0]);
}

document.addEventListener("input", (event) => {
  const place = event.target.closest("[data-pick]");
  if (!place || event.target.type === "hidden") return;
  parts(place).value.value = "";
  clearTimeout(waiting);
  waiting = setTimeout(() => look(place), 150);
});
document.addEventListener("keydown", (event) => {
  const place = event.target.closest?.("[data-pick]");
  if (!place) return;
  const { list } = parts(place);
  if (list.hidden) return;
  const known = options(list);
  const now = known.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    mark(place, known[(now + (event.key === "ArrowDown" ? 1 : -1) + known.length) % known.length]);
  } else if (event.key === "Enter" && known[now]) {
    event.preventDefault();
    choose(place, known[now]);
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    close(place);
  } else if (event.key === "Tab" && known[now]) choose(place, known[now]);
});
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.("[data-pick] [role=option]:not([aria-disabled])");
  if (option) {
    event.preventDefault();
    choose(option.closest("[data-pick]"), option);
  } else for (const place of document.querySelectorAll("[data-pick]")) if (!place.contains(event.target)) close(place);
});
