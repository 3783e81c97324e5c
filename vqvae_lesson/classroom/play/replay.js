// A training, replayed: from record to record, how every code fares.
const { steps, decades, uses, first, since, colors, view } = paper.data(root);
const [dots, [now]] = ["code", "now"].map((name) => paper.parts(root, name));
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

// The slider: each record is one of its places.
const label = document.createElement("label");
const slider = document.createElement("input");
label.append("step ", slider);
paper.set(slider, { type: "range", min: 0, max: last, value: last });
slider.style = "width: min(16rem, 60vw); min-height: 2.5rem; vertical-align: middle";
root.querySelector(".play-controls").prepend(label);

// Chosen so far (0), in exile (1), near the origin (2), as `states_of` has it.
function stateOf(row, k) {
  if (row >= since[k]) return 0;
  return logs[row][k] >= first[k] ? 1 : 2;
}

function toHeight(log, chart) {
  const [low, high] = view.decades;
  return chart.y + chart.height * (1 - (log / 1000 - low) / (high - low));
}

function draw() {
  const row = Number(slider.value);
  const states = dots.map((_, k) => stateOf(row, k));
  const [chosen, exiled, waiting] = [0, 1, 2].map((state) => states.filter((one) => one === state).length);
  const inUse = letters[row].filter((count) => count > 0).length;

  const x = view.curves.x + (view.curves.width * steps[row]) / steps[last];
  paper.set(now, { x1: x, x2: x });
  const [smallest, growth] = view.dot;
  dots.forEach((dot, k) => {
    const r = smallest + growth * Math.sqrt(letters[row][k]);
    paper.set(dot, { cy: toHeight(logs[row][k], view.dots), r, fill: colors[states[k]] });
  });

  slider.setAttribute("aria-valuetext", `step ${steps[row]}`);
  paper.say(
    root,
    `Step ${written(steps[row])} of ${written(steps[last])}. In use by held-out letters: ${inUse} codes. ` +
      `Chosen in training so far: ${chosen}; in exile: ${exiled}; near the origin, never chosen: ${waiting}.`,
  );
  const lengths = logs[row].map((log) => 10 ** (log / 1000));
  root.state = { step: steps[row], lengths, uses: letters[row], inUse, chosen, exiled, waiting };
}

// While it runs by itself, a screen reader stays silent.
let timer;
function stop() {
  clearInterval(timer);
  timer = undefined;
  paper.name(root, "run", "Run");
  root.querySelector(".play-says").setAttribute("aria-live", "polite");
  draw();
}

function go(by) {
  slider.value = Number(slider.value) + by;
  draw();
  if (timer && Number(slider.value) === last) stop();
}

slider.addEventListener("input", stop);
paper.buttons(root, {
  run() {
    if (timer) return stop();
    if (Number(slider.value) === last) slider.value = 0;
    root.querySelector(".play-says").setAttribute("aria-live", "off");
    paper.name(root, "run", "Pause");
    draw();
    timer = setInterval(go, 120, 1);
  },
  back() {
    stop();
    go(-1);
  },
  on() {
    stop();
    go(1);
  },
});
draw();
