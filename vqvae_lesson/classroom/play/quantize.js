// One latent under five quantizers: the code it becomes, and how its number is written.
const { latent: first, fitted, ways, view } = paper.data(root);
let z = [...first];
const names = ["cell", "code", "coarse", "step", "latent", "chosen", "way", "name", "plane"];
const [cells, stars, rings, steps, [dot], [chosen], [line], [name], [plane]] = names.map((part) => paper.parts(root, part));
const choices = paper.choices(root, { quantizer: () => draw(`Now ${choices().quantizer}. `) });

const plus = (a, b) => a.map((number, i) => number + b[i]);
const minus = (a, b) => a.map((number, i) => number - b[i]);
const squared = (a) => a.reduce((sum, number) => sum + number ** 2, 0);
const middleOf = (levels) => Math.floor(levels / 2);

// The nearest code; of equals the first, as in the package.
function nearestCode(latent, codebook) {
  const distances = codebook.map((code) => squared(minus(latent, code)));
  return distances.indexOf(Math.min(...distances));
}

// FSQ, as by `bound`: pressed smoothly into a range that rounds to an odd number of levels.
const bound = (number, levels) => (Math.tanh(number) * (levels - 1) * 1.001) / 2;

// From a latent to the digits of its code.
const digitsOf = {
  codebook: (latent) => [nearestCode(latent, fitted.codebook)],
  product: (latent) => fitted.groups.map((group, i) => nearestCode([latent[i]], group)),
  residual(latent) {
    let left = latent;
    return fitted.stages.map((stage) => {
      const digit = nearestCode(left, stage);
      left = minus(left, stage[digit]);
      return digit;
    });
  },
  FSQ: (latent) =>
    ways.FSQ.levels.map((levels, i) => Math.round(bound(latent[i], levels)) + middleOf(levels)),
  LFQ: (latent) => latent.map((number) => (number > 0 ? 1 : 0)),
};

// From digits to the vectors that sum to the code.
const partsOf = {
  codebook: ([digit]) => [fitted.codebook[digit]],
  product: ([across, up]) => [[fitted.groups[0][across][0], 0], [0, fitted.groups[1][up][0]]],
  residual: (digits) => digits.map((digit, stage) => fitted.stages[stage][digit]),
  FSQ: (digits) => [ways.FSQ.levels.map((levels, i) => (digits[i] - middleOf(levels)) / middleOf(levels))],
  LFQ: (bits) => [bits.map((bit) => 2 * bit - 1)],
};

// The first digit counts least, as in `to_number` and `to_digits`.
const worths = (levels) => levels.map((_, i) => levels.slice(0, i).reduce((product, one) => product * one, 1));
const toNumber = (digits, levels) => worths(levels).reduce((sum, worth, i) => sum + worth * digits[i], 0);
const toDigits = (number, levels) => worths(levels).map((worth, i) => Math.floor(number / worth) % levels[i]);
const codeOf = (way, digits) => partsOf[way](digits).reduce(plus);

// From numbers of a vector to a place in the drawing, and back.
const toPlace = ([x, y]) => [view.left + view.unit * x, view.top - view.unit * y];
const toVector = (x, y) => [(x - view.left) / view.unit, (view.top - y) / view.unit];
const shown = (part, is) => paper.set(part, { visibility: is ? "visible" : "hidden" });
const said = (vector) => `(${vector.map((number) => number.toFixed(2)).join(", ")})`;

function drawCodes(way) {
  const { levels, paths, looks } = ways[way];
  cells.forEach((cell, k) => {
    shown(cell, k < paths.length);
    shown(stars[k], k < paths.length);
    if (k >= paths.length) return;
    const [hue, strength] = looks[k];
    paper.set(cell, { d: paths[k], fill: `var(--c${hue})`, "fill-opacity": strength });
    const [x, y] = toPlace(codeOf(way, toDigits(k, levels)));
    paper.set(stars[k], { transform: `translate(${x} ${y}) scale(0.7)` });
  });
  for (const ring of rings) shown(ring, way === "residual");
}

// How the digits make the number.
function written(way, digits, number, levels) {
  const sum = worths(levels).map((worth, i) => (worth === 1 ? digits[i] : `${worth} · ${digits[i]}`));
  const of = `of ${ways[way].paths.length}`;
  return levels.length > 1 ? `${sum.join(" + ")} = ${number} ${of}` : `${number} ${of}`;
}

function draw(news = "") {
  const way = choices().quantizer;
  const { levels, paths } = ways[way];
  const digits = digitsOf[way](z);
  const number = toNumber(digits, levels);
  const parts = partsOf[way](digits);
  const code = parts.reduce(plus);

  drawCodes(way);
  const [[x, y], [to_x, to_y]] = [z, code].map(toPlace);
  paper.set(dot, { cx: x, cy: y });
  paper.set(line, { x1: x, y1: y, x2: to_x, y2: to_y });
  paper.set(chosen, { d: paths[number] });
  let from = [0, 0];
  steps.forEach((step, i) => {
    shown(step, parts.length > 1);
    const to = plus(from, parts[i] ?? [0, 0]);
    const [[x1, y1], [x2, y2]] = [from, to].map(toPlace);
    paper.set(step, { x1, y1, x2, y2 });
    from = to;
  });
  paper.set(name, { x: to_x, y: to_y - 12 });
  name.textContent = number;

  const lost = squared(minus(z, code));
  paper.say(
    root,
    `${news}Latent ${said(z)} becomes code ${said(code)}, number ${written(way, digits, number, levels)}. Squared distance ${lost.toFixed(3)}.`,
  );
  root.state = { quantizer: way, latent: z, digits, number, parts, code, lost };
}

function put(x, y) {
  const clamp = (value, most) => Math.min(Math.max(value, 0), most);
  z = toVector(clamp(x, view.width), clamp(y, view.height));
  draw();
}

paper.draggable(dot, "The latent, drag it or use the arrow keys", put, (right, up) => {
  const [x, y] = toPlace(z);
  put(x + 6 * right, y - 6 * up);
});
plane.addEventListener("click", (event) => {
  const place = new DOMPoint(event.clientX, event.clientY);
  const { x, y } = place.matrixTransform(plane.getScreenCTM().inverse());
  put(x, y);
});
paper.buttons(root, {
  reset() {
    z = [...first];
    draw();
  },
});
draw();
