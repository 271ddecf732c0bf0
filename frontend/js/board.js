// The board: cards move by mouse, touch and keyboard; the move shows at once and is put back when the server refuses it.
import Sortable from "sortablejs";

const board = () => document.getElementById("board");
const columnOf = (card) => card.closest(".column");
const cardsOf = (column) => [...column.querySelectorAll(".deal")];
const nameOf = (card) => card.querySelector(".name").textContent;
let held = null;

function say(text) {
  const place = document.getElementById("board-says");
  if (place) place.textContent = text;
}

function words(pattern, card) {
  const column = columnOf(card);
  const all = cardsOf(column);
  const facts = { card: nameOf(card), stage: column.dataset.name, place: all.indexOf(card) + 1, count: all.length };
  return board().dataset[pattern].replace(/\{(\w+)\}/g, (_whole, name) => facts[name]);
}

function toast(text) {
  const place = document.getElementById("board-toast");
  const note = Object.assign(document.createElement("p"), { className: "note bad", textContent: text });
  place.replaceChildren(note);
  setTimeout(() => note.remove(), 8000);
}

const placeOf = (card) => ({ list: card.parentElement, next: card.nextElementSibling, stage: columnOf(card).dataset.stage });
const putBack = (card, place) => place.list.insertBefore(card, place.next);

function askWhy() {
  const dialog = document.getElementById("why-lost");
  const form = dialog.querySelector("form");
  form.reset();
  dialog.returnValue = "";
  dialog.showModal();
  form.elements[0].focus();
  const answer = () => (dialog.returnValue === "lost" ? { loss: form.elements.loss?.value ?? "", reason: form.elements.reason.value.trim() } : null);
  return new Promise((done) => dialog.addEventListener("close", () => done(answer()), { once: true }));
}

function head(stage, count, sums) {
  const column = document.querySelector(`.column[data-stage="${stage}"]`);
  if (!column) return;
  column.querySelector(".count").textContent = count;
  column.querySelector(".sums").textContent = sums || "—";
  const tab = document.querySelector(`[data-stage-show="${stage}"] small`);
  if (tab) tab.textContent = count;
}

// Send a card's new place; `from` is where it stood before.
async function settle(card, from) {
  const column = columnOf(card);
  const changed = column.dataset.stage !== from.stage;
  const sibling = (step) => {
    let one = card[step];
    while (one && !one.classList.contains("deal")) one = one[step];
    return one?.dataset.id ?? "";
  };
  const form = new URLSearchParams({ stage: column.dataset.stage, at_stage: from.stage, above: sibling("previousElementSibling"), below: sibling("nextElementSibling"), query: board().dataset.query });
  if (changed && column.dataset.class === "lost") {
    const why = await askWhy();
    if (!why) {
      putBack(card, from);
      say(words("back", card));
      return;
    }
    for (const [name, value] of Object.entries(why)) form.set(name, value);
  }
  card.classList.add("sending");
  try {
    const answer = await fetch(`${location.pathname.replace(/board\/$/, "")}${card.dataset.id}/move/`, { method: "POST", body: form, headers: { "X-CSRFToken": document.querySelector("meta[name=csrf]").content } });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.title || board().dataset.failed);
    for (const one of told.columns) head(one.stage, one.count, one.sums);
    say(words("dropped", card));
  } catch (error) {
    putBack(card, from);
    toast(error instanceof TypeError ? board().dataset.failed : error.message);
  }
  card.classList.remove("sending");
}

// The keyboard: the grip takes the card, the arrows carry it.
function grab(card) {
  held = { card, from: placeOf(card) };
  card.classList.add("held");
  card.querySelector(".grip").setAttribute("aria-pressed", "true");
  say(words("taken", card));
}

function release(back) {
  const { card, from } = held;
  held = null;
  card.classList.remove("held");
  card.querySelector(".grip").removeAttribute("aria-pressed");
  if (back) {
    putBack(card, from);
    say(words("back", card));
  } else if (card.parentElement !== from.list || card.nextElementSibling !== from.next) settle(card, from);
  else say(words("dropped", card));
  card.querySelector(".grip").focus();
}

function carry(key) {
  const { card } = held;
  const all = [...board().querySelectorAll(".column")];
  const column = columnOf(card);
  const cards = cardsOf(column);
  const at = cards.indexOf(card);
  if (key === "ArrowUp" && at > 0) cards[at - 1].before(card);
  if (key === "ArrowDown" && at < cards.length - 1) cards[at + 1].after(card);
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const next = all[all.indexOf(column) + (key === "ArrowRight" ? 1 : -1)];
    if (next) {
      const list = next.querySelector(".cards");
      const beside = cardsOf(next)[at];
      list.insertBefore(card, beside ?? list.querySelector(".more-cards"));
      show(next.dataset.stage);
    }
  }
  card.querySelector(".grip").focus();
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  say(words("at", card));
}

document.addEventListener("keydown", (event) => {
  const grip = event.target.closest?.(".board[data-movable] .grip");
  if (!grip) return;
  if (event.key === " " || event.key === "Enter") {
    event.preventDefault();
    if (held) release(false);
    else grab(grip.closest(".deal"));
  } else if (held && event.key.startsWith("Arrow")) {
    event.preventDefault();
    carry(event.key);
  } else if (held && event.key === "Escape") {
    event.preventDefault();
    release(true);
  }
});
document.addEventListener("focusout", (event) => {
  // Leaving the grip by Tab puts the card back: nothing moves unseen. Carrying moves the node, which also blurs it.
  if (held && event.target.closest(".grip") && event.relatedTarget && !held.card.contains(event.relatedTarget)) release(true);
});

// A click on the grip offers the stages: one finger is enough, and so is a screen reader.
let moving = null;
document.addEventListener("click", (event) => {
  const grip = event.target.closest(".board[data-movable] .grip");
  if (grip && !held) {
    moving = grip.closest(".deal");
    document.getElementById("move-to").showModal();
  }
  const chosen = event.target.closest("[data-move-to]");
  if (chosen && moving) {
    chosen.closest("dialog").close();
    const from = placeOf(moving);
    if (chosen.dataset.moveTo !== from.stage) {
      document.querySelector(`.column[data-stage="${chosen.dataset.moveTo}"] .cards`).prepend(moving);
      settle(moving, from);
    }
    moving = null;
  }
  const tab = event.target.closest("[data-stage-show]");
  if (tab) show(tab.dataset.stageShow);
});

function show(stage) {
  for (const column of board().querySelectorAll(".column")) column.classList.toggle("shown", column.dataset.stage === stage);
  for (const tab of board().querySelectorAll("[data-stage-show]")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.stageShow === stage));
    if (tab.dataset.stageShow === stage) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function start() {
  const place = board();
  if (!place?.hasAttribute("data-movable") || place.dataset.ready) return;
  place.dataset.ready = "1";
  for (const list of place.querySelectorAll(".cards")) {
    let from = null;
    Sortable.create(list, {
      group: "deals",
      draggable: ".deal",
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
      // One way for mouse and touch: the browsers' own dragging differs and has no touch.
      forceFallback: true,
      fallbackOnBody: true,
      fallbackTolerance: 5,
      delay: 250,
      delayOnTouchOnly: true,
      ghostClass: "ghost",
      onStart: (event) => {
        const next = event.item.nextElementSibling;
        from = { list: event.from, next, stage: columnOf(event.item).dataset.stage };
      },
      onEnd: (event) => {
        if (event.from !== event.to || event.oldIndex !== event.newIndex) settle(event.item, from);
      },
    });
  }
}

start();
document.addEventListener("htmx:afterSettle", start);
