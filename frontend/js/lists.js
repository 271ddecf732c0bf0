// Lists: selection across pages with its sums, the keyboard, the cell that is edited in its place.
const chosen = new Map();
let listName = "";
let everyMatching = false;

const list = () => document.getElementById("list");
const boxes = () => [...(list()?.querySelectorAll("tbody .check input") ?? [])];

function remember(box) {
  const row = box.closest("tr");
  if (box.checked) chosen.set(row.dataset.id, row.dataset.amount ? [Number(row.dataset.amount), row.dataset.currency] : null);
  else chosen.delete(row.dataset.id);
}

function sums(place) {
  const patterns = { ...JSON.parse(place.dataset.patterns || "{}"), ...JSON.parse(document.querySelector("[data-patterns-late]")?.dataset.patternsLate || "{}") };
  const totals = {};
  for (const entry of chosen.values()) if (entry) totals[entry[1]] = (totals[entry[1]] || 0) + entry[0];
  const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
  return Object.entries(totals).map(([currency, total]) => (patterns[currency] || `0 ${currency}`).replace("0", number.format(Math.round(total * 100) / 100).replaceAll("\u00a0", "\u202f")));
}

function show() {
  const place = list();
  if (!place) return;
  if (place.dataset.list !== listName) {
    chosen.clear();
    everyMatching = false;
    listName = place.dataset.list;
  }
  for (const box of boxes()) {
    box.checked = everyMatching || chosen.has(box.closest("tr").dataset.id);
    box.closest("tr").classList.toggle("on", box.checked);
  }
  const every = place.querySelector("[data-every]");
  const ticked = boxes().filter((box) => box.checked).length;
  if (every) {
    every.checked = ticked > 0 && ticked === boxes().length;
    every.indeterminate = ticked > 0 && ticked < boxes().length;
  }
  const words = place.querySelector(".chosen");
  const matching = document.getElementById("list-count")?.textContent.replace(/\D/g, "") || String(boxes().length);
  words.hidden = !chosen.size && !everyMatching;
  words.replaceChildren(`${words.dataset.words} `, Object.assign(document.createElement("b"), { textContent: everyMatching ? matching : String(chosen.size) }), ...(everyMatching ? [] : sums(words).map((sum) => ` · ${sum}`)));
  const bulk = place.querySelector(".bulk");
  if (bulk) bulk.hidden = words.hidden;
  const all = place.querySelector("[data-all-matching]");
  if (all) all.hidden = everyMatching || !every?.checked || Number(matching) <= chosen.size;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("#list tbody .check input")) {
    everyMatching = false;
    for (const box of boxes()) remember(box);
    show();
  }
  if (event.target.matches("#list [data-every]")) {
    everyMatching = false;
    for (const box of boxes()) {
      box.checked = event.target.checked;
      remember(box);
    }
    show();
  }
});

// The search box has searched while it was typed into; leaving it must not load the list again under a cell being edited.
document.addEventListener("change", (event) => event.target.id === "list-search" && event.stopPropagation(), true);

function clear() {
  chosen.clear();
  everyMatching = false;
  show();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#list [data-none]")) clear();
  if (event.target.closest("#list [data-all-matching]")) {
    everyMatching = true;
    show();
  }
  const opener = event.target.closest(".filters-open");
  if (opener) opener.setAttribute("aria-expanded", String(document.getElementById("filters").classList.toggle("open")));
  const away = event.target.closest("[data-away]");
  if (away) {
    away.closest(".condition").remove();
    document.getElementById("filters").requestSubmit();
  }
  const mover = event.target.closest("[data-move]");
  if (mover) {
    const line = mover.closest("li");
    if (mover.dataset.move === "-1") line.previousElementSibling?.before(line);
    else line.nextElementSibling?.after(line);
    mover.focus();
  }
});

// What the page's other links and forms send is the list as it stands now.
function current() {
  return list()?.dataset.addressNow ?? "";
}
document.addEventListener("submit", (event) => {
  const hidden = event.target.matches("[data-query]") && event.target.querySelector("[name=query]");
  if (hidden) hidden.value = current();
}, true);
function readdress() {
  if (list()) for (const link of document.querySelectorAll("a[data-address]")) link.search = current();
}
readdress();
document.addEventListener("htmx:afterSwap", readdress);

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, parameters } = event.detail;
  if (!elt) return;
  if (elt.id === "filters") for (const name of [...new Set([...new FormData(elt).keys()])]) if (parameters[name] === "" || name === "operator" || name === "field") delete parameters[name];
  if (elt.id === "add-condition") for (const name of Object.keys(parameters)) if (name !== "field") delete parameters[name];
  if (elt.matches?.(".condition .operator")) for (const name of Object.keys(parameters)) if (name !== "operator") delete parameters[name];
  if (elt.matches?.("[data-selection]")) {
    parameters.query = current();
    if (everyMatching) parameters.all = "1";
    else parameters.ids = [...chosen.keys()].join(",");
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt?.id === "add-condition") event.detail.elt.value = "";
});
document.addEventListener("htmx:afterSettle", (event) => {
  const target = event.detail.target ?? document.body;
  if (target.id === "sheet") {
    const words = target.querySelector("[data-selection-words]");
    if (words) words.textContent = list()?.querySelector(".chosen")?.textContent ?? "";
  }
  if (target.id === "bulk-done" && target.querySelector("[data-done]")) {
    clear();
    window.htmx.ajax("GET", `${location.pathname}?${current()}`, { target: "#list", swap: "outerHTML" });
  }
  show();
});
document.addEventListener("htmx:oobAfterSwap", show);
// Counts that come when their list is gone belong to nothing on the page.
document.addEventListener("htmx:beforeRequest", (event) => {
  const asker = event.detail.elt;
  if (!asker.matches("#list [hx-trigger=load]")) return;
  asker.addEventListener("htmx:beforeOnLoad", (answer) => {
    if (!asker.isConnected) answer.preventDefault();
  });
});

// The arrows walk from cell to cell; Enter opens or edits, F2 edits, the space bar selects.
function edit(cell) {
  if (!cell?.dataset.edit) return;
  const url = list().dataset.cells.replace("/0/field/", `/${cell.parentElement.dataset.id}/${encodeURIComponent(cell.dataset.edit)}/`);
  window.htmx.ajax("GET", url, { target: cell, swap: "outerHTML" });
}
let edited = null;
document.addEventListener("dblclick", (event) => edit(event.target.closest("#list td[data-edit]")));
document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.("#list tbody td");
  if (!cell) return;
  const row = cell.parentElement;
  const place = [...row.cells].indexOf(cell);
  if (cell.classList.contains("editing")) {
    if (event.key === "Escape") cell.querySelector("[data-cancel]").click();
    return;
  }
  const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  if (step) {
    const next = step[0] ? (step[0] < 0 ? row.previousElementSibling : row.nextElementSibling)?.cells[place] : row.cells[place + step[1]];
    if (next) {
      event.preventDefault();
      cell.tabIndex = -1;
      next.tabIndex = 0;
      (next.querySelector(":scope > input[type=checkbox]") ?? next).focus();
    }
  } else if (event.key === "F2" || (event.key === "Enter" && cell.dataset.edit && event.target === cell)) {
    event.preventDefault();
    edited = [row.dataset.id, place];
    edit(cell);
  } else if (event.key === "Enter" && event.target === cell) {
    cell.querySelector("a")?.click();
  } else if (event.key === " " && event.target === cell) {
    event.preventDefault();
    row.querySelector(".check input").click();
  }
});
document.addEventListener("htmx:afterSettle", (event) => {
  const cell = event.detail.target?.closest?.("td") ?? event.detail.elt?.closest?.("td");
  const form = document.querySelector("#list td.editing");
  if (form) form.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  else if (edited && (cell || document.activeElement === document.body)) {
    const back = document.querySelector(`#list tr[data-id="${edited[0]}"]`)?.cells[edited[1]];
    if (back) {
      back.tabIndex = 0;
      back.focus();
    }
    edited = null;
  }
});
function enter() {
  const first = list()?.querySelector("tbody td.title");
  if (first && !list().querySelector("tbody td[tabindex='0']")) first.tabIndex = 0;
}
document.addEventListener("htmx:afterSettle", enter);
enter();
show();
