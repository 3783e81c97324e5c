// What figures share whose codes move by averages: the latents of all batches, and the
// steps of `vqvae_lesson.ema`. A rule is an `EMAStart`.
paper.moving = {
  // From whole hundredths to latents: [steps, N, 2].
  batches(stream, [steps, size]) {
    const bytes = Uint8Array.from(atob(stream), (letter) => letter.charCodeAt(0));
    const hundredths = new Int16Array(bytes.buffer);
    const latent = (n) => [hundredths[2 * n] / 100, hundredths[2 * n + 1] / 100];
    return Array.from({ length: steps }, (_, t) => Array.from({ length: size }, (_, n) => latent(t * size + n)));
  },

  nearestCode(latent, codes) {
    const distances = codes.map((code) => (latent[0] - code[0]) ** 2 + (latent[1] - code[1]) ** 2);
    return distances.indexOf(Math.min(...distances));
  },

  // As `batch_statistics`: how many latents chose each code, and their sums.
  statistics(latents, indices, K) {
    const counts = Array(K).fill(0);
    const sums = Array.from({ length: K }, () => [0, 0]);
    latents.forEach((latent, n) => {
      counts[indices[n]] += 1;
      for (const i of [0, 1]) sums[indices[n]][i] += latent[i];
    });
    return { counts, sums };
  },

  // As `start_averages`.
  start: (codes, rule) => ({
    codes,
    counts: codes.map(() => rule.count),
    sums: codes.map((code) => code.map((number) => rule.sums * number)),
  }),

  // As `ema_step`, from what was counted in a batch.
  step({ codes, counts, sums }, counted, decay, rule) {
    const average = (old, value) => decay * old + (1 - decay) * value;
    const newCounts = counts.map((count, k) => average(count, counted.counts[k]));
    const newSums = sums.map((sum, k) => sum.map((number, i) => average(number, counted.sums[k][i])));
    const newCodes = codes.map((code, k) =>
      rule.keeps_unassigned && !counted.counts[k] ? code : newSums[k].map((sum) => sum / (newCounts[k] + rule.epsilon)),
    );
    return { codes: newCodes, counts: newCounts, sums: newSums };
  },

  // From numbers of a vector to a place in the drawing.
  place: (view, [x, y]) => [view.left + view.unit * x, view.top - view.unit * y],

  // Places as the corners of a line; never further off than the eye reaches.
  line: (places) =>
    places.map((place) => place.map((number) => Math.min(Math.max(number, -9999), 9999).toFixed(1)).join(",")).join(" "),
};
