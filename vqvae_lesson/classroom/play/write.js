// The prior writes, code by code: what it thought likely, what it drew, and the letter
// so far. All of it was written down beforehand: no prior runs in the page.
const { traces, view } = paper.data(root);
const names = ["place", "chance", "share", "frame", "look", "cost"];
const [places, chances, shares, frames, looks, costs] = names.map((name) => paper.parts(root, name));
const [sheet] = paper.parts(root, "sheet");
const last = places.length - 1;
let now = view.place;

// What is said below the figure, as `words_of` has it.
function wordsOf({ codes, ranks, likely, chances: all, nats }, place) {
  const chance = all[place][likely[place].indexOf(codes[place])];
  const paid = nats.slice(0, place + 1).reduce((sum, one) => sum + one, 0);
  return (
    `Place ${place + 1} of ${last + 1}: code ${codes[place]}, number ` +
    `${ranks[place]} by its chance of ${(chance / 10).toFixed(1)}\u00a0%, ` +
    `${(nats[place] / 100).toFixed(2)} nats. So far ${(paid / 100).toFixed(2)} nats.`
  );
}

function draw(place) {
  now = place;
  const { letter, temperature } = chosen();
  const number = traces.findIndex((one) => one.letter === letter && one.temperature === temperature);
  const trace = traces[number];
  paper.set(sheet, { x: view.left - place * view.picture, y: view.top - number * view.picture });
  places.forEach((part, k) => {
    paper.set(part, { "fill-opacity": k > place ? 1 : 0, stroke: k === place ? "var(--c1)" : "none" });
  });
  trace.likely[place].forEach((code, n) => {
    const [share, mine] = [trace.chances[place][n] / 1000, code === trace.codes[place]];
    const color = mine ? "var(--c1)" : "var(--c0)";
    paper.set(chances[n], { width: Math.max(view.bar * share, 1), fill: color });
    paper.set(shares[n], { x: view.right + view.bar * share });
    shares[n].textContent = `${(100 * share).toFixed(1)}\u00a0%`;
    frames[n].setAttribute("stroke", mine ? "var(--c1)" : "none");
    looks[n].setAttribute("transform", `translate(${-view.tile * (code % view.columns) - 1} ${-view.tile * Math.floor(code / view.columns) - 1})`);
  });
  costs.forEach((part, k) => {
    const tall = (view.nat * trace.nats[k]) / 100;
    const color = k === place ? "var(--c1)" : k < place ? "var(--c0)" : "var(--grey)";
    paper.set(part, { y: view.floor - tall, height: tall, fill: color, "fill-opacity": k > place ? 0.4 : 1 });
  });
  const said = wordsOf(trace, place);
  paper.say(root, said);
  root.state = { letter, temperature, place, code: trace.codes[place], likely: trace.likely[place], nats: trace.nats[place] };
  return `place ${place + 1}`;
}

const again = () => draw(now);
const chosen = paper.choices(root, { letter: again, temperature: again });
paper.film(root, "place", last, 350, draw, view.place);
