// The moving averages at work: one step of `ema_step` a press, from the same stream.
const { stream, shape, codes: firstCodes, rules, view } = paper.data(root);
const { moving } = paper;
const batches = moving.batches(stream, shape);
const steps = batches.length;
const K = firstCodes.length;
const [dots, ways, stars, lines] = ["latent", "way", "code", "length"].map((name) => paper.parts(root, name));
const choices = paper.choices(root, { decay: fresh, start: fresh });

let t, averages, indices, path, timer;

function begin() {
  t = 0;
  indices = [];
  averages = moving.start(firstCodes, rules[choices().start]);
  path = [averages.codes];
}

function step() {
  const { decay, start } = choices();
  indices = batches[t].map((latent) => moving.nearestCode(latent, averages.codes));
  const counted = moving.statistics(batches[t], indices, K);
  averages = moving.step(averages, counted, decay, rules[start]);
  path.push(averages.codes);
  t += 1;
}

const toPlace = (vector) => moving.place(view, vector);

function onChart(share, length) {
  const [left, top, width, height] = view.chart;
  const [low, high] = view.decades;
  const up = (Math.min(Math.max(Math.log10(length), low), high) - low) / (high - low);
  return [left + width * share, top + height * (1 - up)];
}

function draw() {
  batches[Math.max(t - 1, 0)].map(toPlace).forEach(([x, y], n) => {
    paper.set(dots[n], { cx: x, cy: y, fill: t ? `var(--c${indices[n] % 6})` : "currentColor" });
  });
  for (let k = 0; k < K; k++) {
    const way = path.map((one) => one[k]);
    ways[k].setAttribute("points", moving.line(way.map(toPlace)));
    stars[k].setAttribute("transform", `translate(${toPlace(averages.codes[k]).join(" ")})`);
    const lengths = way.map((code, step) => onChart(step / steps, Math.hypot(...code)));
    lines[k].setAttribute("points", moving.line(lengths));
  }
  const written = averages.counts.map((count) => count.toFixed(1)).join(", ");
  paper.say(root, `Step ${t} of ${steps}. Moving counts: ${written}.`);
  root.state = { t, indices, ...averages };
}

function stop() {
  clearInterval(timer);
  timer = undefined;
  paper.name(root, "run", "Run");
}

function fresh() {
  stop();
  begin();
  draw();
}

function go() {
  if (t === steps) begin();
  step();
  draw();
  if (t === steps) stop();
}

paper.buttons(root, {
  step() {
    stop();
    go();
  },
  run() {
    if (timer) return stop();
    timer = setInterval(go, 40);
    paper.name(root, "run", "Pause");
  },
  reset: fresh,
});
begin();
while (t < steps) step();
draw();
