// Pictures in motion: they run once when they are first seen, and then rest.
const { labels, view } = paper.data(root);
const [sheet] = paper.parts(root, "sheet");
const last = labels.length - 1;

const { run } = paper.film(root, view.label, last, view.milliseconds, (row) => {
  sheet.setAttribute("y", view.top - row * view.height);
  paper.say(root, labels[row]);
  root.state = { row, label: labels[row] };
  return labels[row];
});

// Nobody who asked for less motion is shown any without asking for it.
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const watch = new IntersectionObserver(([seen]) => {
  if (!seen.isIntersecting) return;
  watch.disconnect();
  run();
}, { threshold: 0.7 });
if (!still) watch.observe(root.querySelector("svg"));
root.addEventListener("pointerdown", () => watch.disconnect());
root.addEventListener("keydown", () => watch.disconnect());
