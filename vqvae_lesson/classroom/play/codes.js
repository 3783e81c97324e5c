// Codes in the plane: whatever is dragged, cells, choices and counts follow.
const { latents, codes, view } = paper.data(root);
const first = { latents: structuredClone(latents), codes: structuredClone(codes) };
const names = ["cell", "way", "latent", "code", "name"];
const [cells, ways, dots, stars, labels] = names.map((name) => paper.parts(root, name));

// From numbers of a vector to a place in the drawing, and back.
const toPlace = ([x, y]) => [view.left + view.unit * x, view.top - view.unit * y];
const toVector = (x, y) => [(x - view.left) / view.unit, (view.top - y) / view.unit];

const squaredDistance = (a, b) => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2;

// The nearest code; of equals the first, as in the package.
function nearestCode(latent) {
  const distances = codes.map((code) => squaredDistance(latent, code));
  return distances.indexOf(Math.min(...distances));
}

// Every code becomes the mean of the latents that chose it; without any it stays.
function stepOfKMeans() {
  const indices = latents.map(nearestCode);
  codes.forEach((code, k) => {
    const own = latents.filter((_, n) => indices[n] === k);
    for (const i of own.length ? [0, 1] : []) {
      code[i] = own.reduce((sum, latent) => sum + latent[i], 0) / own.length;
    }
  });
}

function draw(news = "") {
  const indices = latents.map(nearestCode);
  const counts = codes.map((_, k) => indices.filter((index) => index === k).length);
  const lost = latents.map((latent, n) => squaredDistance(latent, codes[indices[n]]));
  const mean = lost.reduce((sum, one) => sum + one, 0) / latents.length;

  const places = codes.map(toPlace);
  const voronoi = d3.Delaunay.from(places).voronoi([0, 0, view.width, view.height]);
  places.forEach(([x, y], k) => {
    cells[k].setAttribute("d", voronoi.renderCell(k) ?? "");
    stars[k].setAttribute("transform", `translate(${x} ${y})`);
    paper.set(labels[k], { x: x + 11, y: y - 9 });
    labels[k].textContent = `code ${k}: ${counts[k]}`;
  });
  latents.map(toPlace).forEach(([x, y], n) => {
    const [to_x, to_y] = places[indices[n]];
    const color = `var(--c${indices[n] % 6})`;
    paper.set(ways[n], { x1: x, y1: y, x2: to_x, y2: to_y, stroke: color });
    paper.set(dots[n], { cx: x, cy: y, fill: color });
  });
  paper.say(root, `${news}Mean squared distance: ${mean.toFixed(3)}. Latents of each code: ${counts.join(", ")}.`);
  root.state = { latents, codes, indices, counts, mean };
}

function drag(part, vector, name) {
  const clamp = (value, most) => Math.min(Math.max(value, 0), most);
  const put = (x, y) => {
    [vector[0], vector[1]] = toVector(clamp(x, view.width), clamp(y, view.height));
    draw(`${name} at (${vector.map((number) => number.toFixed(2)).join(", ")}). `);
  };
  const nudge = (right, up) => {
    const [x, y] = toPlace(vector);
    put(x + 8 * right, y - 8 * up);
  };
  paper.draggable(part, `${name}, drag it or use the arrow keys`, put, nudge);
}

stars.forEach((star, k) => drag(star, codes[k], `Code ${k}`));
dots.forEach((dot, n) => drag(dot, latents[n], `Latent ${n}`));
paper.buttons(root, {
  step() {
    stepOfKMeans();
    draw();
  },
  reset() {
    codes.forEach((code, k) => code.splice(0, 2, ...first.codes[k]));
    latents.forEach((latent, n) => latent.splice(0, 2, ...first.latents[n]));
    draw();
  },
});
draw();
