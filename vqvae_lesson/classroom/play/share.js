// A batch shared by two devices: each takes the steps of `ema_step`, from its own
// counts and sums, from those of the first, or from what both have counted.
const { stream, shape, codes: firstCodes, decay, rule, ways, view } = paper.data(root);
const { moving } = paper;
const batches = moving.batches(stream, shape);
const [steps, size] = shape;
const half = size / 2;
const K = firstCodes.length;
const names = ["cell", "latent", "head", "way", "mark", "code", "name", "bar", "value"];
const [cells, dots, heads, lines, marks, stars, numbers, bars, values] = names.map((name) => paper.parts(root, name));
const choices = paper.choices(root, { way: () => show(root.state.step) });

const added = (a, b) => a.map((number, i) => number + b[i]);
const inTotal = (one, other) => ({
  counts: added(one.counts, other.counts),
  sums: one.sums.map((sum, k) => added(sum, other.sums[k])),
});
// From what each device has counted to what moves its codes.
const handed = {
  "each its own": (counted) => counted,
  "copied from the first": ([first]) => [first, first],
  "added up": ([first, second]) => Array(2).fill(inTotal(first, second)),
};

// All steps of devices that have a part of each batch each.
function follow(partsOf, hand) {
  const rows = [{ devices: partsOf(batches[0]).map(() => moving.start(firstCodes, rule)), chosen: [] }];
  for (const batch of batches) {
    const { devices } = rows.at(-1);
    const parts = partsOf(batch);
    const chosen = parts.map((part, d) => part.map((latent) => moving.nearestCode(latent, devices[d].codes)));
    const counted = hand(parts.map((part, d) => moving.statistics(part, chosen[d], K)));
    rows.push({ devices: devices.map((device, d) => moving.step(device, counted[d], decay, rule)), chosen });
  }
  return rows;
}

const halves = (batch) => [batch.slice(0, half), batch.slice(half)];
const one = follow((batch) => [batch], (counted) => counted);
const runs = Object.fromEntries(Object.keys(handed).map((way) => [way, follow(halves, handed[way])]));

const distances = (a, b) => a.map((code, k) => Math.hypot(code[0] - b[k][0], code[1] - b[k][1]));
const mean = (list) => list.reduce((sum, number) => sum + number, 0) / list.length;
const toPlace = (vector) => moving.place(view, vector);

// The drawing of one device; `d` is 0 or 1.
function drawDevice(d, rows, step, way) {
  const { whose, heads: said } = ways[way];
  heads[d].textContent = said[d];
  const counted = whose.includes(d) || whose.includes(2);
  halves(batches[Math.max(step - 1, 0)])[d].map(toPlace).forEach(([x, y], n) => {
    const color = step ? `var(--c${rows[step].chosen[d][n] % 6})` : "currentColor";
    paper.set(dots[d * half + n], { cx: x, cy: y, fill: color, stroke: color, "fill-opacity": counted ? 1 : 0 });
  });
  const path = rows.slice(0, step + 1).map((row) => row.devices[d].codes);
  const places = path[step].map(toPlace);
  const voronoi = d3.Delaunay.from(places).voronoi(view.plane);
  places.forEach(([x, y], k) => {
    const [cx, cy] = toPlace(one[step].devices[0].codes[k]);
    const part = d * K + k;
    cells[part].setAttribute("d", voronoi.renderCell(k) ?? "");
    lines[part].setAttribute("points", moving.line(path.map((codes) => toPlace(codes[k]))));
    paper.set(marks[part], { cx, cy });
    stars[part].setAttribute("transform", `translate(${x} ${y}) scale(0.8)`);
    paper.set(numbers[part], { x: x + 13, y: y - 11 });
  });
}

function show(step) {
  const { way } = choices();
  const rows = runs[way];
  const { devices, chosen } = rows[step];
  for (const d of [0, 1]) drawDevice(d, rows, step, way);

  const alone = one[step].devices[0].codes;
  const [first, second] = devices.map(({ codes }) => codes);
  const pairs = [distances(first, second), distances(first, alone), distances(second, alone)];
  const apart = pairs.map(mean);
  const total = devices[0].counts.reduce((sum, count) => sum + count, 0);
  const shares = [...apart.map((length) => Math.min(length / view.far, 1)), total / size];
  const told = [...apart.map((length) => length.toFixed(2)), `${total.toFixed(1)} of ${size}`];
  shares.forEach((share, row) => {
    bars[row].setAttribute("width", view.bar * share);
    values[row].textContent = told[row];
  });

  const furthest = Math.max(...pairs[0]);
  const worst = pairs[0].indexOf(furthest);
  const news = furthest
    ? `the two copies of code ${worst} are ${furthest.toFixed(2)} apart`
    : "both devices have the same codes";
  const says = `Step ${step} of ${steps}: ${news}. The counts sum to ${total.toFixed(1)} of ${size}.`;
  paper.say(root, says);
  root.state = { step, way, devices, chosen, apart, total };
  return says;
}

// The numbers beside the bars are no picture any more: they can be read out.
bars[0].ownerSVGElement.setAttribute("role", "group");
paper.film(root, "step", steps, 160, show);
