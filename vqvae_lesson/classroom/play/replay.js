// A training, replayed: from record to record, how every code fares.
const { steps, decades, uses, first, since, colors, view } = paper.data(root);
const [dots, pages, bars, ways] = ["code", "page", "bar", "way"].map((name) => paper.parts(root, name));
const [[now], [sheet], [mine], [words]] = ["now", "sheet", "mine", "words"].map((name) => paper.parts(root, name));
const last = steps.length - 1;
const K = first.length;

// Whole numbers of two bytes each, as the cell handed them over: [T, K], row after row.
function table(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const numbers = new Int16Array(bytes.buffer);
  return steps.map((_, row) => [...numbers.subarray(row * K, (row + 1) * K)]);
}
const [logs, letters] = [table(decades), table(uses)];
const written = (number) => number.toLocaleString("en");
let [here, code] = [last, view.code];

// Chosen so far (0), in exile (1), near the origin (2), as `states_of` has it.
function stateOf(row, k) {
  if (row >= since[k]) return 0;
  return logs[row][k] >= first[k] ? 1 : 2;
}

function toHeight(log, chart) {
  const [low, high] = view.decades;
  return chart.y + chart.height * (1 - (log / 1000 - low) / (high - low));
}

// What is said of the code that is looked at, as `words_of` has it.
function wordsOf(row, k) {
  const length = Number((10 ** (logs[row][k] / 1000)).toPrecision(3));
  const digits = length < 1e-3 ? length.toExponential() : length.toLocaleString("en", { maximumFractionDigits: 20 });
  return `Code ${k}: length ${digits}, letters ${letters[row][k]}`;
}

function draw(row) {
  here = row;
  const states = dots.map((_, k) => stateOf(row, k));
  const [chosen, exiled, waiting] = [0, 1, 2].map((state) => states.filter((one) => one === state).length);
  const inUse = letters[row].filter((count) => count > 0).length;

  const x = view.curves.x + (view.curves.width * steps[row]) / steps[last];
  paper.set(now, { x1: x, x2: x });
  sheet.setAttribute("y", view.sheet.y - row * view.sheet.height);
  const [smallest, growth] = view.dot;
  dots.forEach((dot, k) => {
    const size = Math.sqrt(letters[row][k]);
    const color = colors[states[k]];
    paper.set(dot, { cx: x, cy: toHeight(logs[row][k], view.curves), r: smallest + growth * size, fill: color });
    paper.set(pages[k], { stroke: color, "aria-pressed": k === code, "stroke-width": k === code ? 4 : 1.5 });
    paper.set(bars[k], { width: view.bar * size });
  });
  paper.set(mine, { points: ways[view.order.indexOf(code)].getAttribute("points") });
  words.textContent = wordsOf(row, code);

  paper.say(
    root,
    `Step ${written(steps[row])} of ${written(steps[last])}. In use by held-out letters: ${inUse} codes. ` +
      `Chosen in training so far: ${chosen}; in exile: ${exiled}; near the origin, never chosen: ${waiting}. ` +
      `${wordsOf(row, code)}.`,
  );
  const lengths = logs[row].map((log) => 10 ** (log / 1000));
  root.state = { step: steps[row], code, lengths, uses: letters[row], inUse, chosen, exiled, waiting };
  return `step ${steps[row]}`;
}

// One page of all can be reached by the tabulator, the others from there by arrows.
function reach(chosen) {
  pages.forEach((one, k) => one.setAttribute("tabindex", k === chosen ? 0 : -1));
}

function look(chosen) {
  code = chosen;
  reach(code);
  draw(here);
}

const arrows = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -view.columns, ArrowDown: view.columns };
pages.forEach((one, k) => {
  paper.set(one, { role: "button", "aria-label": `Code ${k}` });
  Object.assign(one.style, { cursor: "pointer", touchAction: "manipulation" });
  one.addEventListener("click", () => look(k));
  one.addEventListener("keydown", (event) => {
    if (!(event.key in arrows)) return;
    event.preventDefault();
    const next = pages[k + arrows[event.key]];
    if (!next) return;
    look(k + arrows[event.key]);
    next.focus();
  });
});
paper.film(root, "step", last, 120, draw);
reach(code);
