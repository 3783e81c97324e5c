// The moving averages at work: one step of `ema_step` a press, from the same stream.
const { stream, shape, codes: firstCodes, epsilon, view } = paper.data(root);
const bytes = Uint8Array.from(atob(stream), (letter) => letter.charCodeAt(0));
const hundredths = new Int16Array(bytes.buffer);
const [steps, size] = shape;
const K = firstCodes.length;
const [dots, ways, stars, lines] = ["latent", "way", "code", "length"].map((name) => paper.parts(root, name));
const choices = paper.choices(root, { decay: fresh, start: fresh });

let t, codes, counts, sums, indices, path, timer;

// The latents of one batch: [N, 2].
const batchAt = (step) =>
  Array.from({ length: size }, (_, n) => [0, 1].map((i) => hundredths[2 * (step * size + n) + i] / 100));

function nearestCode(latent) {
  const distances = codes.map((code) => (latent[0] - code[0]) ** 2 + (latent[1] - code[1]) ** 2);
  return distances.indexOf(Math.min(...distances));
}

// Step 0, as `start_averages` has it.
function begin() {
  const { start } = choices();
  t = 0;
  indices = [];
  codes = structuredClone(firstCodes);
  counts = codes.map(() => (start === "consistent" ? 1 : 0));
  sums = codes.map((code) => code.map((number) => (start === "debiased" ? 0 : number)));
  path = [structuredClone(codes)];
}

// One step, as `ema_step` takes it.
function step() {
  const { decay, start } = choices();
  const batch = batchAt(t);
  indices = batch.map(nearestCode);
  for (let k = 0; k < K; k++) {
    const own = batch.filter((_, n) => indices[n] === k);
    counts[k] = decay * counts[k] + (1 - decay) * own.length;
    for (const i of [0, 1]) {
      const sum = own.reduce((total, latent) => total + latent[i], 0);
      sums[k][i] = decay * sums[k][i] + (1 - decay) * sum;
    }
    if (own.length || start !== "consistent") {
      codes[k] = sums[k].map((sum) => sum / (counts[k] + epsilon[start]));
    }
  }
  path.push(structuredClone(codes));
  t += 1;
}

const toPlace = ([x, y]) => [view.left + view.unit * x, view.top - view.unit * y];

function onChart(share, length) {
  const [left, top, width, height] = view.chart;
  const [low, high] = view.decades;
  const up = (Math.min(Math.max(Math.log10(length), low), high) - low) / (high - low);
  return [left + width * share, top + height * (1 - up)];
}

const write = (places) =>
  places.map((place) => place.map((number) => Math.min(Math.max(number, -9999), 9999).toFixed(1)).join(",")).join(" ");

function draw() {
  const batch = batchAt(Math.max(t - 1, 0));
  batch.map(toPlace).forEach(([x, y], n) => {
    paper.set(dots[n], { cx: x, cy: y, fill: t ? `var(--c${indices[n] % 6})` : "currentColor" });
  });
  for (let k = 0; k < K; k++) {
    const way = path.map((one) => one[k]);
    ways[k].setAttribute("points", write(way.map(toPlace)));
    stars[k].setAttribute("transform", `translate(${toPlace(codes[k]).join(" ")})`);
    const lengths = way.map((code, step) => onChart(step / steps, Math.hypot(...code)));
    lines[k].setAttribute("points", write(lengths));
  }
  const written = counts.map((count) => count.toFixed(1)).join(", ");
  paper.say(root, `Step ${t} of ${steps}. Moving counts: ${written}.`);
  root.state = { t, codes, counts, sums, indices };
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
