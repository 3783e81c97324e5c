// Rates and distortions: the model that is pointed at shows its seeds and its letters.
const { models, chosen, strip, ring } = paper.data(root);
const [[plane], [name], [sheet], [rings], [frame]] = ["plane", "name", "drawn", "ring", "window"].map((part) => paper.parts(root, part));
const marks = paper.parts(root, "model");

const list = (model, n) => model.runs.map((run) => run[n].toFixed(1)).join(", ");

function choose(k) {
  const model = models[k];
  // One stop of the Tab key for all models; the arrow keys lead from one to the next.
  marks.forEach((mark, n) => paper.set(mark, { tabindex: n === k ? 0 : -1, "aria-pressed": n === k }));
  rings.setAttribute("d", model.places.map(([x, y]) => `M${x} ${y}${ring}`).join(""));
  name.textContent = model.name;
  // All pictures stand below each other: bring the row of this model into the window.
  sheet.setAttribute("y", frame.getAttribute("y") - strip * k);
  paper.say(root, `${model.name}. Latent: ${list(model, 0)} nats. Pixels: ${list(model, 1)} nats.`);
  root.state = { chosen: k, ...model };
}

function move(steps) {
  choose(Math.min(Math.max(root.state.chosen + steps, 0), models.length - 1));
}

// The model one of whose runs is nearest to the pointer, and how far away it is.
function nearest(event) {
  const place = new DOMPoint(event.clientX, event.clientY);
  const { x, y } = place.matrixTransform(plane.ownerSVGElement.getScreenCTM().inverse());
  const distances = models.map(({ places }) => Math.min(...places.map(([left, top]) => Math.hypot(left - x, top - y))));
  const least = Math.min(...distances);
  return [distances.indexOf(least), least];
}

const far = 25; // of the drawing's units: whoever points further off means no model

for (const part of [plane, ...marks]) {
  for (const kind of ["pointermove", "click"]) {
    part.addEventListener(kind, (event) => {
      const [k, distance] = nearest(event);
      if (distance < far && k !== root.state.chosen) choose(k);
    });
  }
}

const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
marks.forEach((mark, k) => {
  paper.set(mark, { role: "button", "aria-label": models[k].name });
  mark.addEventListener("focus", () => choose(k));
  mark.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(steps[event.key]);
    marks[root.state.chosen].focus({ preventScroll: true });
  });
});
paper.buttons(root, { cheaper: () => move(-1), dearer: () => move(1) });
choose(chosen);
