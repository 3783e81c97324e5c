// What all figures share. A figure's script is called once, with the element that
// holds it; `paper` helps it to find its parts, to be dragged, and to speak.
const paper = {
  // The data that the cell handed over.
  data: (root) => JSON.parse(root.querySelector("script[type='application/json']").textContent),

  // All parts of the drawing that carry data-part="name", in order.
  parts: (root, name) => [...root.querySelectorAll(`[data-part="${name}"]`)],

  set(element, attributes) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  },

  // Say what is so now. A screen reader reads it out, because of aria-live.
  say(root, text) {
    root.querySelector(".play-says").textContent = text;
  },

  // Show the buttons, which are no use before there is a script, and make them act.
  // From now on the drawing is no picture any more, but a group of parts.
  buttons(root, actions) {
    root.querySelector("svg").setAttribute("role", "group");
    const controls = root.querySelector(".play-controls");
    controls.hidden = false;
    for (const [name, act] of Object.entries(actions)) {
      controls.querySelector(`[data-do="${name}"]`).addEventListener("click", act);
    }
  },

  // Write something else on a button.
  name(root, action, text) {
    root.querySelector(`[data-do="${action}"]`).textContent = text;
  },

  // Call a function whenever another choice is made; gives a function that reads them.
  choices(root, changed) {
    const lists = Object.keys(changed).map((name) => [name, root.querySelector(`[data-choice="${name}"]`)]);
    for (const [name, list] of lists) list.addEventListener("change", changed[name]);
    const read = (text) => (Number.isNaN(Number(text)) ? text : Number(text));
    return () => Object.fromEntries(lists.map(([name, list]) => [name, read(list.value)]));
  },

  // Let a part be moved by mouse, finger or pen, and by the arrow keys.
  // `move(x, y)` gets a place in the drawing, `nudge(right, up)` a number of small steps.
  draggable(part, label, move, nudge) {
    const svg = part.ownerSVGElement;
    this.set(part, { tabindex: 0, role: "button", "aria-label": label });
    part.addEventListener("pointerdown", (event) => {
      part.setPointerCapture(event.pointerId);
      event.preventDefault();
      part.focus({ preventScroll: true });
    });
    // Else the page would scroll away under the finger: in a drawing, a browser goes by
    // the touch-action of the whole, not of the part.
    part.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    part.addEventListener("pointermove", (event) => {
      if (!part.hasPointerCapture(event.pointerId)) return;
      const place = new DOMPoint(event.clientX, event.clientY);
      const { x, y } = place.matrixTransform(svg.getScreenCTM().inverse());
      move(x, y);
    });
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    part.addEventListener("keydown", (event) => {
      if (!(event.key in steps)) return;
      event.preventDefault();
      nudge(...steps[event.key]);
    });
  },
};
