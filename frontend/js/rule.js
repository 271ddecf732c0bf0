// The rule editor: the server gives the form back after a choice; here stay the focus, what was typed meanwhile, and who must hear.
// A page that shows the rule's effect listens to "rule:changed" on the form.
const editor = () => document.querySelector("[data-rule]");
const held = (input) => (input.type === "checkbox" ? String(input.checked) : input.value);
let snapshot = null;

// Boxes of one list share a name: each is known by its value too.
function inputs() {
  const found = [...editor().querySelectorAll("input:not([type=hidden]), select, textarea")];
  return new Map(found.map((input) => [input.type === "checkbox" ? `${input.name}=${input.value}` : input.id, input]));
}

function values() {
  return new Map([...inputs()].map(([key, input]) => [key, held(input)]));
}

function changed(form) {
  form?.dispatchEvent(new Event("rule:changed"));
}

// What was missing is said until it stands there; whether it is right the server says.
function given(input) {
  const node = input.closest(".wanting[data-node]");
  const fields = node ? [...node.querySelectorAll("input:not([type=hidden])")] : [];
  const boxes = fields.filter((one) => one.type === "checkbox");
  if (!node || fields.some((one) => !one.value.trim()) || (boxes.length && !boxes.some((one) => one.checked))) return;
  node.classList.remove("wanting");
  document.getElementById(`${node.dataset.node}:problem`)?.remove();
  node.querySelector(".what")?.removeAttribute("aria-describedby");
}

for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    if (event.target.closest("[data-rule]")) given(event.target);
    // What goes to the server tells of itself when the form is back.
    if (event.target.closest("[data-rule]") && !event.target.hasAttribute("hx-post")) changed(event.target.form);
  });
}

// A choice that gives other inputs asks the server. By mouse at once; by keyboard when the person has come to rest on it, for
// typing a name and walking with the arrows change the choice at every key. Tab goes on to the first of the new inputs.
let key = 0;
let pending = null;

function ask(onwards = false) {
  if (!pending) return;
  const { select, timer } = pending;
  clearTimeout(timer);
  pending = null;
  next = onwards ? select : null;
  select.dispatchEvent(new Event("rule:choose", { bubbles: true }));
}
let next = null;

document.addEventListener("change", (event) => {
  const select = event.target;
  if (!select.matches("[data-rule] select[hx-post]")) return;
  clearTimeout(pending?.timer);
  const typed = performance.now() - key < 150;
  pending = { select, timer: setTimeout(ask, typed ? 450 : 0) };
});
document.addEventListener("focusout", (event) => {
  if (pending?.select === event.target) ask();
});
document.addEventListener("keydown", (event) => {
  key = performance.now();
  if (pending?.select !== event.target) return;
  if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) {
    event.preventDefault();
    ask(event.key === "Tab");
  }
}, true);

document.addEventListener("htmx:beforeRequest", (event) => {
  const { target, elt } = event.detail;
  if (!target?.matches?.("[data-rule]")) return;
  const focused = document.activeElement?.id || "";
  snapshot = { values: values(), focused, moves: elt.tagName === "BUTTON", next: next?.id };
  next = null;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.target?.matches?.("[data-rule]") || !snapshot) return;
  const now = document.activeElement?.id || "";
  snapshot.went = now !== snapshot.focused ? now : "";
  snapshot.back = true;
  snapshot.typed = snapshot.moves ? [] : [...values()].filter(([key, value]) => snapshot.values.has(key) && snapshot.values.get(key) !== value);
});

document.addEventListener("htmx:afterSwap", () => {
  const place = editor();
  if (!place || !snapshot?.back) return;
  const { typed, went, focused, next: left } = snapshot;
  const now = inputs();
  let later = null;
  snapshot = null;
  for (const [key, value] of typed) {
    const input = now.get(key);
    if (input?.type === "checkbox") input.checked = value === "true";
    else if (input && (input.tagName !== "SELECT" || [...input.options].some((option) => option.value === value))) input.value = value;
    // A choice made meanwhile asks anew.
    if (input?.tagName === "SELECT" && input.hasAttribute("hx-post")) later = input;
  }
  const following = left && [...now.values()][[...now.keys()].indexOf(left) + 1];
  const wanted = following || document.getElementById(went) || document.getElementById(place.dataset.focus) || document.getElementById(focused);
  const menu = wanted?.closest("details.menu:not([open])");
  if (menu && wanted.tagName === "BUTTON") menu.querySelector("summary").focus();
  else wanted?.focus();
  const status = document.getElementById("rule-said");
  if (status) status.textContent = place.dataset.said;
  if (later) later.dispatchEvent(new Event("rule:choose", { bubbles: true }));
  else changed(place.closest("form"));
});

document.addEventListener("keydown", (event) => {
  const place = event.target.closest?.("[data-rule]");
  if (!place) return;
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const node = event.target.closest("[data-node]");
    const verb = event.key === "ArrowUp" ? "up" : "down";
    const button = node && document.getElementById(`${node.dataset.node}:${verb}`);
    if (button) {
      event.preventDefault();
      button.click();
    }
  } else if (event.key === "Enter" && event.target.matches("input")) {
    // Enter in a condition asks for the count, it does not send the page off.
    event.preventDefault();
    changed(event.target.form);
  }
});

// A refused page begins where something is missing.
document.getElementById(editor()?.dataset.focus)?.focus();
