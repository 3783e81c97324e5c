// Speech to hear, with its codes: a line follows the sound over the strip of codes.
const { utterances, view } = paper.data(root);
const names = ["spoken", "wave", "read", "now"];
const [spoken, wave, read, now] = names.map((name) => paper.parts(root, name)[0]);
const codes = paper.parts(root, "code");
const last = codes.length - 1;
const says = root.querySelector(".play-says");
const pitch = (view.width - 2) / codes.length;
let context, playing;

// What is said below the figure, as `words_of` has it.
function wordsOf(utterance, place) {
  const step = 1000 * utterance.seconds;
  const [means, is] = [utterance.means[place], utterance.spoken[place]];
  const verdict = means === is ? "and so it is" : `and it is ${is}`;
  return (
    `${(step * place).toFixed(0)} to ${(step * (place + 1)).toFixed(0)} ms: code ` +
    `${utterance.codes[place]}, which mostly means ${means}, ${verdict}.`
  );
}

// One byte a sample back to numbers from -1 to 1: `to_bytes` the other way round.
function samplesOf(text) {
  return Float32Array.from(atob(text), (letter) => {
    const bent = (letter.charCodeAt(0) - 127.5) / 127.5;
    return (Math.sign(bent) * (256 ** Math.abs(bent) - 1)) / 255;
  });
}

const colorOf = (code) => `hsl(${(137 * code) % 360} 62% ${[58, 72, 44][code % 3]}%)`;

// The outline of a wave, there above and back below, as `path_of` has it.
function pathOf(ends) {
  const [step, middle] = [(view.width - 2) / (ends.length - 1), view.top + view.tall / 2];
  const side = (which) => ends.map((end, k) => `${(1 + step * k).toFixed(1)} ${(middle - end[which]).toFixed(1)}`);
  return `M${[...side(0), ...side(1).reverse()].join("L")}z`;
}

// Letters over their sounds; there are as many as the utterance has.
function letter(group, runs) {
  const y = group.firstElementChild.getAttribute("y");
  const made = runs.map(([letters, x]) => {
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    paper.set(text, { x, y, "text-anchor": "middle" });
    text.textContent = letters;
    return text;
  });
  group.replaceChildren(...made);
}

const here = () => utterances.find((one) => one.name === chosen().utterance);

function show(place) {
  const utterance = here();
  now.setAttribute("x", (1 + pitch * place).toFixed(1));
  paper.say(root, wordsOf(utterance, place));
  root.state = { ...chosen(), place, code: utterance.codes[place], heard: Boolean(playing) };
  return `code ${place + 1}`;
}

function change() {
  silence();
  const utterance = here();
  letter(spoken, utterance.runs);
  letter(read, utterance.read);
  wave.setAttribute("d", pathOf(utterance.sounds[chosen().sound].wave));
  utterance.codes.forEach((code, k) => codes[k].setAttribute("fill", colorOf(code)));
  show(root.state?.place ?? view.place);
}

function silence() {
  playing?.disconnect();
  playing = undefined;
  says.setAttribute("aria-live", "polite");
  paper.name(root, "hear", "Hear it");
}

// Play the sound; at every picture of the screen stand at the code that is heard.
async function hear() {
  if (playing) return silence();
  context ??= new AudioContext();
  const { bytes, begins } = here().sounds[chosen().sound];
  const samples = samplesOf(bytes);
  const buffer = context.createBuffer(1, samples.length, view.rate);
  buffer.copyToChannel(samples, 0);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  let ended = false;
  source.onended = () => (ended = true);
  [playing, root.samples] = [source, samples];
  paper.name(root, "hear", "Stop");
  film.rest(0);
  show(0);
  await context.resume(); // before it runs, its clock may stand still, and then leap
  if (playing !== source) return;
  const began = context.currentTime + 0.05; // so soon that nobody waits, and surely met
  source.start(began);
  function follow() {
    if (playing !== source) return;
    const time = context.currentTime - (context.outputLatency || 0) - began;
    const place = begins.filter((begin) => begin <= time).length - 1;
    const stand = Math.max(0, Math.min(place, last));
    film.rest(stand);
    says.setAttribute("aria-live", "off"); // not every code is read out
    if (ended && place > last) silence();
    else requestAnimationFrame(follow);
    show(stand);
  }
  follow();
}

const chosen = paper.choices(root, { utterance: change, sound: change });
const film = paper.film(root, "code", last, 400, (place) => (silence(), show(place)), view.place);
root.querySelector('[data-do="hear"]').addEventListener("click", hear);
change();
