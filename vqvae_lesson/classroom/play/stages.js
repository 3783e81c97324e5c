// A photograph in stages: the slider adds them, and a press looks at a place.
const data = paper.data(root);
const { codes, paid, off, bytes, decibels, view } = data;
const one = (name) => paper.parts(root, name)[0];
const [picture, edge, frame, square, dots, mine] = ["picture", "edge", "frame", "place", "dots", "mine"].map(one);
const [looks, spots] = [paper.parts(root, "look"), paper.parts(root, "spot")];
const facts = paid.map((_, stage) => paper.parts(root, `fact-${stage}`));
const { grid, stride, around, pitch, plot, axes } = view;
const seen = 2 * around + 1; // places along a side of the frame
const last = paid.length - 1;
let { place } = data;
let row = last; // the last stage that is drawn
let compared = false; // whether the photograph itself is seen

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const bits = (k) => sum(paid.slice(0, row + 1).map((stage) => stage[k])) / 10;

// What is said below the figure, as `words_of` has it.
function wordsOf() {
  const whole = `${row + 1} of ${paid.length} stages: ${bytes[row].toLocaleString("en")} bytes for the whole photograph, ${(decibels[row] / 10).toFixed(1)} decibels.`;
  return `${whole} Row ${Math.floor(place / grid) + 1}, column ${(place % grid) + 1}: ${bits(place).toFixed(1)} bits so far, off by ${(off[row][place] / 10).toFixed(1)}.`;
}

// Where the dot of a place lies in the plot, as `dots_of` has it.
const dotOf = (k) => [
  plot.x + plot.width * Math.min(bits(k) / axes.bits, 1),
  plot.y + plot.height * (1 - Math.min(off[row][k] / 10 / axes.off, 1)),
];

// Move the sheet so that a square of it is seen through a window.
function see(part, number, left, top, size) {
  const [x, y, side] = view.windows[number];
  const scale = side / size;
  part.setAttribute("transform", `translate(${x - scale * left} ${y - scale * top}) scale(${scale})`);
}

function draw() {
  const [down, right] = [Math.floor(place / grid), place % grid];
  const [top, left] = [down, right].map((at) => Math.min(Math.max(at - around, 0), grid - seen));
  const side = grid * stride;
  const shown = compared ? last + 1 : row;
  see(picture, 0, 0, side * shown, side);
  for (const part of [edge, frame]) paper.set(part, { x: view.x + pitch * left, y: view.y + pitch * top });
  paper.set(square, { x: view.x + pitch * right, y: view.y + pitch * down });
  looks.forEach((look, k) => {
    see(look, k + 1, stride * left, side * k + stride * top, stride * seen);
    look.setAttribute("opacity", k > row && k <= last ? 0.35 : 1);
    paper.set(spots[k], { x: stride * right, y: side * k + stride * down });
  });
  facts.forEach((lines, stage) => {
    const told = [`code ${codes[stage][place]}`, `${(paid[stage][place] / 10).toFixed(1)} bits`, `off ${(off[stage][place] / 10).toFixed(1)}`];
    lines.forEach((line, n) => {
      line.textContent = told[n];
      line.setAttribute("opacity", stage > row ? 0.35 : 1);
    });
  });
  const places = off[row].map((_, k) => dotOf(k));
  dots.setAttribute("d", places.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join(""));
  paper.set(mine, { cx: places[place][0], cy: places[place][1] });
  paper.say(root, wordsOf());
  root.state = { row, place, compared, codes: codes.map((stage) => stage[place]), bits: bits(place), off: off[row][place] / 10 };
}

function lookAt(down, right) {
  const within = (at) => Math.min(Math.max(at, 0), grid - 1);
  place = within(down) * grid + within(right);
  draw();
}

function show(stage) {
  row = stage;
  draw();
  return `${row + 1} of ${paid.length}`;
}

function compare(now) {
  compared = now;
  paper.name(root, "compare", compared ? "Show the stages" : "Show the photograph");
  draw();
}

const under = (x, y) => lookAt(Math.floor((y - view.y) / pitch), Math.floor((x - view.x) / pitch));
paper.draggable(frame, "The frame, drag it or use the arrow keys", under, (rightward, up) =>
  lookAt(Math.floor(place / grid) - up, (place % grid) + rightward),
);
for (const part of [picture, frame]) {
  part.addEventListener("click", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = at.matrixTransform(root.querySelector("svg").getScreenCTM().inverse());
    under(x, y);
  });
}
picture.style.cursor = "pointer";
paper.film(root, "stages", last, 900, show, last);
root.querySelector('[data-do="compare"]').addEventListener("click", () => compare(!compared));
addEventListener("beforeprint", () => compare(false));
