// The latent plane: the point moves, and letter and density follow.
const { sheet, grid, prior, quantiles, start, view } = paper.data(root);
const names = ["plane", "point", "letter", "frame", "share"];
const [plane, point, letter, frame, bar] = names.map((name) => paper.parts(root, name)[0]);
const [density, , share] = paper.parts(root, "tells");
const { columns, rows, size, greys } = grid;
const pixels = size * size;
const [easel, sheets] = [document.createElement("canvas"), document.createElement("canvas")];
let latent = [...start];

// From numbers of a latent to a place in the drawing, and back.
const part = (n) => (latent[n] - view.low[n]) / (view.high[n] - view.low[n]);
const toPlace = () => [view.left + view.width * part(0), view.top + view.height * (1 - part(1))];
const clamp = (n, value) => Math.min(Math.max(value, view.low[n]), view.high[n]);
const toLatent = (x, y) => [
  view.low[0] + ((x - view.left) / view.width) * (view.high[0] - view.low[0]),
  view.high[1] - ((y - view.top) / view.height) * (view.high[1] - view.low[1]),
];

// The mixture of normals, as in the chapter: the weighted sum of their densities.
function logDensity([x, y]) {
  const terms = prior.weights.map((weight, c) => {
    const [[mx, my], [sx, sy]] = [prior.means[c], prior.scales[c]];
    return (weight / (2 * Math.PI * sx * sy)) * Math.exp(-(((x - mx) / sx) ** 2 + ((y - my) / sy) ** 2) / 2);
  });
  return Math.log(terms.reduce((sum, term) => sum + term, 0));
}

// All pictures of the grid, row by row, each from 0 (paper) to 1 (ink).
function readSheet(image) {
  Object.assign(sheets, { width: columns * size, height: rows * size });
  const brush = sheets.getContext("2d", { willReadFrequently: true });
  brush.drawImage(image, 0, 0);
  return Array.from({ length: columns * rows }, (_, k) => {
    const [left, top] = [(k % columns) * size, Math.floor(k / columns) * size];
    const { data } = brush.getImageData(left, top, size, size);
    return Array.from({ length: pixels }, (_, i) => Math.round(((255 - data[4 * i]) / 255) * (greys - 1)) / (greys - 1));
  });
}

// Blend the four pictures of the grid that are nearest: bilinear interpolation.
function blend(pictures) {
  const [x, y] = [part(0) * (columns - 1), (1 - part(1)) * (rows - 1)];
  const [left, top] = [Math.min(Math.floor(x), columns - 2), Math.min(Math.floor(y), rows - 2)];
  const [right, down] = [x - left, y - top];
  const corner = (i, j) => pictures[(top + j) * columns + left + i];
  const corners = [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)];
  const shares = [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down];
  return Array.from({ length: pixels }, (_, i) => corners.reduce((sum, one, k) => sum + shares[k] * one[i], 0));
}

function paint(picture) {
  Object.assign(easel, { width: size, height: size });
  const brush = easel.getContext("2d");
  const image = brush.createImageData(size, size);
  picture.forEach((ink, i) => {
    const grey = Math.round(255 * (1 - ink));
    image.data.set([grey, grey, grey, 255], 4 * i);
  });
  brush.putImageData(image, 0, 0);
  letter.setAttribute("href", easel.toDataURL());
}

function live(pictures) {
  function draw(news = "At") {
    const picture = blend(pictures);
    const logP = logDensity(latent);
    const less = quantiles.slice(1).filter((one) => one <= logP).length;
    const [x, y] = toPlace();
    paper.set(point, { cx: x, cy: y });
    paint(picture);
    density.textContent = `ln p = ${logP.toFixed(1)}`;
    share.textContent = `hold ${less} letters in 100`;
    bar.setAttribute("width", (view.letter * less) / 100);
    // A dashed frame: this is no letter's place.
    paper.set(frame, { "stroke-dasharray": less ? "none" : "5 4", "stroke-width": less ? 1 : 3 });
    frame.setAttribute("stroke", less ? "currentColor" : "var(--c1)");
    const where = latent.map((number) => number.toFixed(2)).join(", ");
    const told = less ? `of 100 held-out letters ${less} lie` : "fewer than 1 of 100 held-out letters lies";
    paper.say(root, `${news} (${where}). ln p = ${logP.toFixed(1)}; ${told} where the prior is less dense.`);
    root.state = { latent, picture, logP, less };
  }

  function put(x, y, news) {
    latent = toLatent(x, y).map((number, n) => clamp(n, number));
    draw(news);
  }

  // A key leads a quarter of the way to the next picture of the grid.
  const [across, up] = [view.width / (columns - 1) / 4, view.height / (rows - 1) / 4];
  paper.draggable(point, "The point, drag it or use the arrow keys", put, (right, rise) => {
    const [x, y] = toPlace();
    put(x + across * right, y - up * rise);
  });
  // A click or a tap anywhere brings the point there.
  plane.addEventListener("click", (event) => {
    const place = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = place.matrixTransform(plane.ownerSVGElement.getScreenCTM().inverse());
    put(x, y);
    point.focus({ preventScroll: true });
  });

  // A number from a standard normal: Box and Muller, 1958.
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

  function fromPrior() {
    let [left, c] = [Math.random(), 0];
    while (c < prior.weights.length - 1 && left >= prior.weights[c]) left -= prior.weights[c++];
    return [0, 1].map((n) => prior.means[c][n] + prior.scales[c][n] * normal());
  }

  paper.buttons(root, {
    draw() {
      // The few that fall off the plane are drawn again.
      do latent = fromPrior();
      while (latent.some((number, n) => number !== clamp(n, number)));
      draw("Drawn at");
    },
    reset() {
      latent = [...start];
      draw();
    },
  });
  draw();
}

const image = new Image();
image.onload = () => live(readSheet(image));
image.src = sheet;
