// A letter's grid: one code is exchanged, and the page decodes anew what it draws, with
// the small networks of grid.js, which is loaded when the reader begins.
const { start, order, letters, view } = paper.data(root);
const [places, slots] = [paper.parts(root, "place"), paper.parts(root, "code")];
const one = (name) => paper.parts(root, name)[0];
const [picture, letter, beside, map, spot, reading] = ["picture", "letter", "other", "map", "spot", "reading"].map(one);
const { grid, side, cell, columns, colors, gain } = view;
let { own, other } = start; // codes of the letter, and of the one it can become
let [codes, place, was] = [[...start.codes], start.place, start.was];
let row = 0; // how many codes of the other letter the slider has taken over
let models; // once they have come
let coming; // the promise that they come

const latentsOf = (indices) => {
  const { codebook } = models.encoder;
  const size = codebook.length / order.length;
  const values = indices.flatMap((k) => [...codebook.subarray(k * size, (k + 1) * size)]);
  return { width: grid, depth: size, values };
};

// Ink of each pixel, from 0 to 1, that a grid of codes is decoded to.
const decode = (indices) => Array.from(network.run(models.decoder.layers, latentsOf(indices)).values, (logit) => 1 / (1 + Math.exp(-logit)));

// What has been decoded a moment ago is not decoded again.
const kept = new Map();
function decodeOnce(indices) {
  const name = indices.join();
  if (kept.size > 3 && !kept.has(name)) kept.clear();
  if (!kept.has(name)) kept.set(name, decode(indices));
  return kept.get(name);
}

// The nearest code at each place of a letter of the set.
function encode(bytes) {
  const image = { width: side, depth: 1, values: Float32Array.from(bytes, (byte) => byte / 255) };
  const { layers, codebook } = models.encoder;
  const { depth, values } = network.run(layers, image);
  return Array.from({ length: grid * grid }, (_, k) => {
    const far = network.distances([...values.subarray(k * depth, (k + 1) * depth)], codebook);
    return far.indexOf(Math.min(...far));
  });
}

// How many pixels have changed, how far from the place, and which share of the change
// lies in it, as `changes` has it.
function changes(before, after) {
  const [top, left] = [Math.floor(place / grid) * cell, (place % grid) * cell];
  const outside = (at, first) => Math.max(first - at, at - first - cell + 1, 0);
  let [pixels, reach, inside, all] = [0, 0, 0, 0];
  after.forEach((ink, i) => {
    const change = Math.abs(ink - before[i]);
    const far = Math.max(outside(Math.floor(i / side), top), outside(i % side, left));
    all += change;
    if (far === 0) inside += change;
    if (change <= view.least) return;
    pixels += 1;
    reach = Math.max(reach, far);
  });
  return { pixels, reach, inside: all ? Math.round((100 * inside) / all) : 0 };
}

// What is said below the figure, as `words_of` has it.
function wordsOf({ pixels, reach, inside }) {
  const here = `Row ${Math.floor(place / grid) + 1}, column ${(place % grid) + 1}: code ${codes[place]}`;
  if (codes[place] === was) return `${here}. Choose another code, and see what changes.`;
  const what = `${here} instead of ${was}. ${pixels} of ${side * side} pixels change by more than 1\u00a0%`;
  return pixels ? `${what}, at most ${reach} pixels from the place. ${inside}\u00a0% of the change is in its own square.` : `${what}.`;
}

// Frames of the place and of its code, and which places no longer have their own code.
function mark() {
  places.forEach((part, k) => {
    const color = codes[k] === own[k] ? "currentColor" : "var(--c0)";
    paper.set(part, {
      stroke: k === place ? "var(--c1)" : color,
      "stroke-width": k === place ? 4 : codes[k] === own[k] ? 0.4 : 2,
      "aria-pressed": k === place,
      tabindex: k === place ? 0 : -1,
      "aria-label": `Row ${Math.floor(k / grid) + 1}, column ${(k % grid) + 1}: code ${codes[k]}`,
    });
  });
  const color = { [was]: "var(--c0)", [codes[place]]: "var(--c1)" };
  slots.forEach((part, n) => {
    const chosen = order[n] === codes[place];
    paper.set(part, { stroke: color[order[n]] ?? "none", tabindex: chosen ? 0 : -1, "aria-pressed": chosen });
  });
  const [y, x] = [Math.floor(place / grid), place % grid];
  paper.set(spot, { x: view.map.x + x * view.map.pitch, y: view.map.y + y * view.map.pitch });
  reading.textContent = `code ${codes[place]}` + (codes[place] === was ? "" : ` instead of ${was}`);
}

const grey = (inks) => network.picture(side, (i) => Array(3).fill(Math.round(255 * (1 - inks[i]))));
const paperLetter = (n) => models.letters.subarray(n * side * side, (n + 1) * side * side);

// Decode the codes as they are now and as they were, and show both.
function draw() {
  const began = performance.now();
  const before = decodeOnce(codes.map((code, k) => (k === place ? was : code)));
  const after = decodeOnce(codes);
  const found = changes(before, after);
  picture.setAttribute("href", grey(after));
  map.setAttribute("href", network.picture(side, (i) => {
    const change = after[i] - before[i];
    return colors[change > 0 ? 1 : 0].map((part) => Math.round(255 - Math.min(gain * Math.abs(change), 1) * (255 - part)));
  }));
  mark();
  paper.say(root, wordsOf(found));
  root.state = { codes: [...codes], own, other, place, was, row, picture: after, ...found, milliseconds: performance.now() - began };
}

async function fetchModels() {
  const packed = await network.load("grid.js", "discreteGrid");
  if (!packed) return stayStill();
  const encoder = network.unpack(packed.encoder);
  const depth = encoder.layers.at(-1).filters;
  models = { encoder, decoder: network.unpack(packed.decoder, depth), letters: network.toBytes(packed.letters) };
  Object.assign(root, { encode, decode }); // for who wants to ask more
  for (let again = 0; again < 3; again++) decode(codes); // the first run is slow
}

function begin() {
  if (!coming) paper.say(root, `The networks are coming: ${view.size} KB.`);
  coming ??= fetchModels();
  return coming;
}

// Where the networks are not to be had, the picture of the beginning stays.
function stayStill() {
  film.rest(0);
  for (const part of [...places, ...slots]) {
    part.removeAttribute("tabindex");
    part.style.pointerEvents = "none";
  }
  root.querySelector(".play-controls").hidden = true;
  paper.say(root, "The networks, grid.js, are not beside this page, so nothing can be decoded here. In the built book, and in JupyterLab from the book's folder, you can exchange codes.");
}

// Do something once the networks are there, and show it.
const act = (change) =>
  begin().then(() => {
    if (!models) return;
    change();
    draw();
  });

// Choosing a place only looks; from now on it is compared with the code it has now.
const look = (k) => act(() => [place, was] = [k, codes[k]]);

function exchange(n) {
  film.rest(row);
  act(() => { codes[place] = order[n]; });
}

// The first codes from the other letter, row by row; the last of them is looked at.
function morph(count) {
  row = count;
  codes = own.map((code, k) => (k < count ? other[k] : code));
  place = Math.max(count - 1, 0);
  was = own[place];
}

// Back to the letter itself; the place stays.
function ownCodes() {
  const here = place;
  morph(0);
  [place, was] = [here, own[here]];
}

function chooseLetters() {
  const { letter: first, other: second } = chosen();
  film.rest(0);
  act(() => {
    const bytes = [letters[first], letters[second]].map(paperLetter);
    [letter, beside].forEach((part, n) => part.setAttribute("href", grey(Array.from(bytes[n], (byte) => byte / 255))));
    [own, other] = bytes.map(encode);
    ownCodes();
  });
}

// One part of all can be reached by the tabulator, as `mark` has it, the others from
// there by arrows, which choose as they go.
function walkable(parts, width, choose) {
  const ways = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width };
  parts.forEach((part, k) => {
    part.setAttribute("role", "button");
    Object.assign(part.style, { cursor: "pointer", touchAction: "manipulation" });
    part.addEventListener("click", () => choose(k));
    part.addEventListener("keydown", (event) => {
      const next = k + (ways[event.key] ?? 0);
      if (event.key !== "Enter" && event.key !== " " && !(event.key in ways)) return;
      event.preventDefault();
      if (!parts[next]) return;
      choose(next);
      parts[next].focus();
    });
  });
}

walkable(places, grid, look);
walkable(slots, columns, exchange);
slots.forEach((part, n) => part.setAttribute("aria-label", `Code ${order[n]}`));
const chosen = paper.choices(root, { letter: chooseLetters, other: chooseLetters });
const film = paper.film(root, "codes of the other", grid * grid, 250, (count) => {
  if (count !== row) act(() => morph(count));
  return `${count} of ${grid * grid} codes of the other letter`;
}, 0);
root.querySelector('[data-do="own"]').addEventListener("click", () => {
  film.rest(0);
  act(ownCodes);
});
mark();
root.state = { codes, own, other, place, was, row };
