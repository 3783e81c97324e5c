// Draw a letter: the page reads it, with the two small networks of letters.js, which
// is loaded when the reader begins.
const { start, answers: first, names, titles, pen, sheet: width } = paper.data(root);
const one = (name) => paper.parts(root, name)[0];
const [sheet, ink, hint, ring, letter, seen] = ["sheet", "ink", "hint", "pen", "letter", "seen"].map(one);
const side = pen.side;
let strokes = []; // of the reader: lists of places [right, down], as shares of the sheet
let shown = start; // which letter of the set lies on the sheet, if none is drawn
let [drawing, due] = [false, false];
let at = [0.5, 0.5]; // where the pen of the arrow keys is
let networks; // once they have come
let coming; // the promise that they come

// From strokes to 28 x 28 bytes of ink, as `prepare` has it in Python: the letter is
// made as large as fits, moved to the middle, and inked with a brush of one width.
function prepare(lines) {
  const nearest = new Float64Array(side * side).fill(Infinity);
  const places = lines.flat();
  const [low, high] = [Math.min, Math.max].map((most) => [0, 1].map((n) => most(...places.map((place) => place[n]))));
  const scale = pen.longer / Math.max(high[0] - low[0], high[1] - low[1], pen.least);
  const toPixels = (place) => [0, 1].map((n) => (place[n] - (low[n] + high[n]) / 2) * scale + side / 2);
  for (const line of lines) {
    const moved = line.map(toPixels);
    moved.forEach(([x, y], k) => {
      const [toX, toY] = moved[k + 1] ?? moved[k];
      const [right, below] = [toX - x, toY - y];
      const squared = right * right + below * below;
      for (let i = 0; i < side * side; i++) {
        const [across, down] = [(i % side) + 0.5 - x, Math.floor(i / side) + 0.5 - y];
        const along = across * right + down * below;
        const share = squared ? Math.min(Math.max(along / squared, 0), 1) : 0;
        const [offX, offY] = [across - share * right, down - share * below];
        nearest[i] = Math.min(nearest[i], offX * offX + offY * offY);
      }
    });
  }
  return Uint8Array.from(nearest, (far) => Math.floor(255 * Math.min(Math.max(pen.half + 0.5 - Math.sqrt(far), 0), 1)));
}

// What `answer` has in Python: the codes nearest to the letter's latent.
function answer({ layers, codebook }, bytes) {
  const image = { width: side, depth: 1, values: Float32Array.from(bytes, (byte) => byte / 255) };
  const latent = network.run(layers, image).values;
  const far = network.distances(latent, codebook);
  const codes = far.map((_, k) => k).sort((a, b) => far[a] - far[b] || a - b).slice(0, 5);
  return { codes, distances: codes.map((k) => far[k]), latent: [...latent] };
}

const readAll = (bytes) => Object.fromEntries(Object.entries(networks.models).map(([name, model]) => [name, answer(model, bytes)]));

async function fetchNetworks() {
  const packed = await network.load("letters.js", "discreteLetters");
  if (!packed) return stayStill();
  const models = Object.fromEntries(Object.entries(packed.networks).map(([name, model]) => [name, network.unpack(model)]));
  networks = { models, letters: network.toBytes(packed.letters) };
  Object.assign(root, { prepare, answers: readAll }); // for who wants to ask more
  for (let again = 0; again < 3; again++) readAll(letterOfTheSet(start)); // the first run is slow
}

function begin() {
  if (!coming) paper.say(root, "The networks are coming: 255 KB.");
  coming ??= fetchNetworks();
  return coming;
}

// Where the networks are not to be had, the letter of the beginning comes back.
function stayStill() {
  [strokes, shown, drawing] = [[], start, false];
  lay();
  hint.setAttribute("visibility", "hidden");
  sheet.style.pointerEvents = "none";
  sheet.removeAttribute("tabindex");
  root.querySelector(".play-controls").hidden = true;
  paper.say(root, "The networks, letters.js, are not beside this page, so nothing can be read here. In the built book, and in JupyterLab from the book's folder, you can draw.");
}

const letterOfTheSet = (n) => networks.letters.subarray(n * side * side, (n + 1) * side * side);

// Show what lies on the sheet: the reader's strokes, or a letter of the set.
function lay() {
  const line = (stroke) => stroke.map(([x, y]) => `${x * width} ${y * width}`).join("L");
  ink.setAttribute("d", strokes.map((stroke) => `M${line(stroke)}L${stroke.at(-1).map((share) => share * width).join(" ")}`).join(""));
  letter.setAttribute("visibility", shown === null ? "hidden" : "visible");
  hint.setAttribute("visibility", strokes.length ? "hidden" : "visible");
}

// Bytes of ink as a picture, black on white.
const asPicture = (bytes) => network.picture(side, (i) => Array(3).fill(255 - bytes[i]));

// Read what lies on the sheet, and show the answers. Nothing is said in the middle of
// a stroke: a screen reader would never come to an end.
function read(saying = true) {
  if (!networks) return;
  const began = performance.now();
  const image = shown === null ? prepare(strokes) : letterOfTheSet(shown);
  const answers = readAll(image);
  const picture = asPicture(image);
  seen.setAttribute("href", picture);
  if (shown !== null) letter.setAttribute("href", picture);
  for (const [name, { codes, distances }] of Object.entries(answers)) {
    const look = (use, code) => use.setAttribute("transform", `translate(${-30 * (code % 8) - 1} ${-30 * Math.floor(code / 8) - 1})`);
    one(`${name}-title`).textContent = `${titles[name]}: number ${codes[0]}`;
    look(one(`${name}-picture`), codes[0]);
    codes.forEach((code, n) => {
      look(paper.parts(root, `${name}-near`)[n], code);
      paper.parts(root, `${name}-code`)[n].textContent = code;
      paper.parts(root, `${name}-distance`)[n].textContent = distances[n].toFixed(1);
    });
  }
  if (saying) sayAll(answers);
  root.state = { strokes, shown, image: [...image], answers, milliseconds: performance.now() - began };
}

function sayAll(answers) {
  const which = shown === null ? "Your letter" : `Letter ${shown + 1} of the set, ${names[shown]}`;
  const each = Object.entries(answers).map(
    ([name, { codes, distances }]) => `${titles[name]} network: number ${codes[0]}, squared distance ${distances[0].toFixed(1)}.`,
  );
  paper.say(root, [`${which}.`, ...each].join(" "));
}

// A stroke begins on a sheet without a letter of the set.
function putDown(place) {
  if (shown !== null) [strokes, shown] = [[], null];
  strokes.push([place]);
  drawing = true;
  lay();
  begin().then(() => read(!drawing));
}

function moveTo(place) {
  const stroke = strokes.at(-1);
  const [x, y] = stroke.at(-1);
  if (Math.hypot(place[0] - x, place[1] - y) < 0.004) return;
  stroke.push(place);
  lay();
  readSoon();
}

// While a stroke is drawn, the answers follow: once a frame, not once a place.
function readSoon() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    if (drawing) read(false);
  });
}

function lift() {
  drawing = false;
  read();
}

function clear() {
  [strokes, shown, drawing] = [[], null, false];
  begin();
  lay();
  seen.setAttribute("href", asPicture(new Uint8Array(side * side)));
  paper.say(root, "The sheet is empty. Below are still the answers to what lay on it.");
}

function next() {
  const chosen = ((shown ?? start) + 1) % names.length;
  begin().then(() => {
    if (!networks) return;
    [strokes, shown, drawing] = [[], chosen, false];
    lay();
    read();
  });
}

const within = (share) => Math.min(Math.max(share, 0), 1);
function placeOf(event) {
  const box = sheet.getBoundingClientRect();
  return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
}

// One finger draws; what a second one does meanwhile is not ink.
const mine = (event) => drawing && sheet.hasPointerCapture(event.pointerId);
sheet.addEventListener("pointerdown", (event) => {
  if (drawing || event.button) return;
  event.preventDefault();
  sheet.setPointerCapture(event.pointerId);
  putDown(placeOf(event));
});
sheet.addEventListener("pointermove", (event) => mine(event) && moveTo(placeOf(event)));
for (const end of ["pointerup", "pointercancel"]) sheet.addEventListener(end, (event) => mine(event) && lift());

// Else the page would scroll away under the finger, as in `draggable`.
sheet.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });

// The pen of the arrow keys; a ring shows where it is, filled while it is down.
const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
function pressed(event) {
  const way = ways[event.key];
  if (!way && event.key !== " ") return;
  event.preventDefault();
  if (way) at = at.map((share, n) => within(share + 0.04 * way[n]));
  if (way && drawing) moveTo(at);
  else if (!way && drawing) lift();
  else if (!way) putDown(at);
  if (!way && drawing) paper.say(root, "The pen is down.");
  paper.set(ring, { cx: 1 + at[0] * width, cy: 1 + at[1] * width, visibility: "visible", fill: drawing ? "var(--c1)" : "none" });
}
sheet.addEventListener("keydown", pressed);
sheet.addEventListener("blur", () => {
  ring.setAttribute("visibility", "hidden");
  if (drawing) lift();
});

const how = "Sheet to draw on. The arrow keys move a pen, the space bar lowers and lifts it.";
paper.set(sheet, { tabindex: 0, role: "application", "aria-label": how });
sheet.style.cursor = "crosshair";
paper.buttons(root, { next, clear });
lay();
root.state = { strokes, shown, answers: first };
