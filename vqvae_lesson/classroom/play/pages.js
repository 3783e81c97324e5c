// The book of pages: a page is opened, and the letters come that are looked up there.
const { codes, counts, training, letters, view } = paper.data(root);
const [pages, [first], [open], [sheet], words] = ["page", "page", "open", "letters", "words"].map((name) => paper.parts(root, name));
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const [total, totalOfTraining] = [sum(counts), sum(training)];
const used = counts.filter((count) => count > 0).length;
let page = 0;

// What a page is called, costs, and how often it is looked up, as `words_of` has it.
function draw() {
  const [code, count, own] = [codes[page], counts[page], training[page]];
  const shown = letters[page].length;
  const share = (100 * count) / total;
  const price = -Math.log(own / totalOfTraining);
  const written = own ? price.toFixed(2) : "∞";
  const reason = own ? "" : ", for no training letter chose it";
  const all = count > 1 ? `all ${count}:` : "the only one:";
  const which = shown < count ? `the first ${shown} of ${count}:` : all;
  const facts = [
    `page ${page + 1}`,
    `code ${code}`,
    `${count} letter${count === 1 ? "" : "s"}`,
    `${share.toFixed(1)} %`,
    `${written} nats`,
    count ? which : "nobody's page",
  ];
  facts.forEach((text, line) => { words[line].textContent = text; });
  paper.say(
    root,
    `Page ${page + 1} of ${codes.length}, code ${code}: ${count} of ${total.toLocaleString("en")} ` +
      `held-out letters are looked up here, ${share.toFixed(1)} %. Under the fair shares ` +
      `its price is ${written} nats${reason}.`,
  );

  // Behind two windows the sheets are moved to the page and to its letters; behind
  // the letters of the last used page comes an empty sheet.
  const [left, top] = ["x", "y"].map((name) => {
    return view.scale * (pages[page].getAttribute(name) - first.getAttribute(name));
  });
  open.setAttribute("transform", `translate(${view.left - left} ${view.top - top}) scale(${view.scale})`);
  sheet.setAttribute("y", view.sheet - Math.min(page, used) * view.side);
  pages.forEach((one, k) => {
    paper.set(one, { stroke: k === page ? "var(--c1)" : "none", "aria-pressed": k === page });
  });
  root.state = { page, code, count, share, price, letters: letters[page] };
}

// One page of all can be reached by the tabulator, the others from there by arrows.
function reach(chosen) {
  pages.forEach((one, k) => one.setAttribute("tabindex", k === chosen ? 0 : -1));
}

function turnTo(chosen) {
  page = (chosen + codes.length) % codes.length;
  reach(page);
  draw();
}

const ways = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -view.columns, ArrowDown: view.columns };
pages.forEach((one, k) => {
  paper.set(one, { role: "button", "aria-label": `Page ${k + 1}` });
  Object.assign(one.style, { cursor: "pointer", touchAction: "manipulation" });
  one.addEventListener("click", () => turnTo(k));
  one.addEventListener("keydown", (event) => {
    const next = k + (ways[event.key] ?? 0);
    if (event.key === "Enter" || event.key === " ") turnTo(k);
    else if (!(event.key in ways)) return;
    else if (next in pages) {
      reach(next);
      pages[next].focus();
    }
    event.preventDefault();
  });
});
paper.buttons(root, { back: () => turnTo(page - 1), next: () => turnTo(page + 1) });
reach(page);
draw();
