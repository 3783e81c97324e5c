// What figures share that go through time: a slider, Run and Pause, one back, one on.
// `show(row)` draws one of the rows 0 to `last`, and gives the words for the slider.
// A figure that is not touched, or is printed, is at the row `first`.
paper.film = (root, label, last, milliseconds, show, first = last) => {
  const says = root.querySelector(".play-says");
  const slider = document.createElement("input");
  paper.set(slider, { type: "range", min: 0, max: last, value: first });
  slider.style = "width: min(16rem, 60vw); min-height: 2.5rem; vertical-align: middle";
  const held = document.createElement("label");
  held.append(`${label} `, slider);
  root.querySelector(".play-controls").prepend(held);

  let timer;
  const draw = () => slider.setAttribute("aria-valuetext", show(Number(slider.value)));
  const go = (by) => {
    slider.value = Number(slider.value) + by;
    draw();
    if (timer && Number(slider.value) === last) stop();
  };
  // Stand at a row without drawing it: for what is changed by other means.
  function rest(row) {
    clearInterval(timer);
    timer = undefined;
    slider.value = row;
    paper.name(root, "run", "Run");
    says.setAttribute("aria-live", "polite");
  }
  function stop() {
    rest(slider.value);
    draw();
  }
  // While it runs by itself, a screen reader stays silent.
  function run() {
    if (timer) return stop();
    if (Number(slider.value) === last) slider.value = 0;
    says.setAttribute("aria-live", "off");
    paper.name(root, "run", "Pause");
    draw();
    timer = setInterval(go, milliseconds, 1);
  }
  const one = (by) => () => {
    stop();
    go(by);
  };
  slider.addEventListener("input", stop);
  addEventListener("beforeprint", () => {
    slider.value = first;
    stop();
  });
  paper.buttons(root, { run, back: one(-1), on: one(1) });
  draw();
  return { run, rest };
};
