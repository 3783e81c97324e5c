// What figures share that go through time: a slider, Run and Pause, one back, one on.
// `show(row)` draws one of the rows 0 to `last`, and gives the words for the slider.
paper.film = (root, label, last, milliseconds, show) => {
  const says = root.querySelector(".play-says");
  const slider = document.createElement("input");
  paper.set(slider, { type: "range", min: 0, max: last, value: last });
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
  function stop() {
    clearInterval(timer);
    timer = undefined;
    paper.name(root, "run", "Run");
    says.setAttribute("aria-live", "polite");
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
    slider.value = last;
    stop();
  });
  paper.buttons(root, { run, back: one(-1), on: one(1) });
  draw();
  return run;
};
