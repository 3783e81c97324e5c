// Straight through: the slope at the code, carried across to the latent.
const { latent, codes, target, rate, view } = paper.data(root);
const first = { latent, codes: [...codes] };
let z = latent;
const names = ["step", "code", "latent", "bow", "at_code", "carried", "direct"];
const [steps, stars, [dot], [bow], [atCode], [carried], [direct]] = names.map((name) => paper.parts(root, name));

const lossAt = (d) => (d - target) ** 2;
const slopeAt = (d) => 2 * (d - target);

// From a number and its loss to a place in the drawing, and back.
const toX = (number) => view.margin + (view.width - 2 * view.margin) * ((number - view.low) / (view.high - view.low));
const toY = (loss) => view.height - view.margin - (view.height - 2 * view.margin) * (loss / view.top);
const toNumber = (x) => view.low + (view.high - view.low) * ((x - view.margin) / (view.width - 2 * view.margin));

function nearestCode(number) {
  const distances = codes.map((code) => (number - code) ** 2);
  return distances.indexOf(Math.min(...distances));
}

// An arrow of fixed length that leads downhill along a slope.
function arrow(part, x, y, slope) {
  const right = -Math.sign(slope) * (toX(1) - toX(0));
  const down = Math.abs(slope) * (toY(0) - toY(1));
  const long = view.arrow / (Math.hypot(right, down) || 1);
  paper.set(part, { x1: x, y1: y, x2: x + long * right, y2: y + long * down });
}

function draw(news = "") {
  const index = nearestCode(z);
  const code = codes[index];
  const slope = slopeAt(code);
  const own = slopeAt(z);

  codes.forEach((one, k) => {
    const borders = codes.filter((other) => other !== one).map((other) => (one + other) / 2);
    const left = Math.max(view.low, ...borders.filter((border) => border < one));
    const right = Math.min(view.high, ...borders.filter((border) => border > one));
    const y = toY(lossAt(one));
    paper.set(steps[k], { x1: toX(left), x2: toX(right), y1: y, y2: y });
    stars[k].setAttribute("transform", `translate(${toX(one)} ${y})`);
  });
  const [from, to, y] = [toX(code), toX(z), toY(lossAt(code))];
  paper.set(dot, { cx: to, cy: y });
  paper.set(bow, { d: `M${from} ${y}Q${(from + to) / 2} ${y - 40} ${to} ${y}` });
  arrow(atCode, from, y, slope);
  arrow(carried, to, y, slope);
  arrow(direct, to, toY(lossAt(z)), own);

  const agree = slope * own > 0 ? "the same way" : "the other way";
  paper.say(
    root,
    `${news}Latent ${z.toFixed(2)}, code ${code.toFixed(2)}, loss ${lossAt(code).toFixed(2)}. ` +
      `Slope carried across: ${slope.toFixed(2)}. Without codes: ${own.toFixed(2)}, ${agree}.`,
  );
  root.state = { latent: z, codes, index, loss: lossAt(code), carried: slope, direct: own };
}

const clamp = (number) => Math.min(Math.max(number, view.low), view.high);

function drag(part, name, read, write) {
  const put = (number) => {
    write(clamp(number));
    draw(`${name} moved. `);
  };
  const small = (view.high - view.low) / 60;
  paper.draggable(
    part,
    `${name}, drag it or use the arrow keys`,
    (x) => put(toNumber(x)),
    (right) => put(read() + small * right),
  );
}

drag(dot, "Latent", () => z, (number) => { z = number; });
stars.forEach((star, k) => {
  drag(star, `Code ${k}`, () => codes[k], (number) => { codes[k] = number; });
});
paper.buttons(root, {
  step() {
    z = clamp(z - rate * slopeAt(codes[nearestCode(z)]));
    draw("One step. ");
  },
  reset() {
    z = first.latent;
    codes.splice(0, codes.length, ...first.codes);
    draw();
  },
});
draw();
