// What figures share whose networks run in the page. No library: a layer is five loops.
// A map { width, depth, values } lies row by row, at each place one value for every
// filter of the layer before; weights likewise, each for every filter of this layer.
const network = {
  // Send a map through all layers.
  run: (layers, map) => layers.reduce((input, layer) => (layer.spread ? network.spread(layer, input) : network.convolve(layer, input)), map),

  // A convolution: each place of the output looks at the places below the kernel.
  convolve({ size, stride, same, elu, filters, kernel, bias }, input) {
    const width = same ? Math.ceil(input.width / stride) : input.width - size + 1;
    const before = same ? Math.max((width - 1) * stride + size - input.width, 0) >> 1 : 0;
    const { depth, values } = input;
    const output = new Float32Array(width * width * filters);
    const sums = new Float64Array(filters);
    for (let place = 0; place < width * width; place++) {
      const top = Math.floor(place / width) * stride - before;
      const left = (place % width) * stride - before;
      sums.set(bias);
      for (let y = Math.max(0, -top); y < size && top + y < input.width; y++) {
        for (let x = Math.max(0, -left); x < size && left + x < input.width; x++) {
          const from = ((top + y) * input.width + left + x) * depth;
          for (let d = 0; d < depth; d++) {
            const value = values[from + d];
            if (value === 0) continue; // white paper, mostly
            const weights = ((y * size + x) * depth + d) * filters;
            for (let f = 0; f < filters; f++) sums[f] += value * kernel[weights + f];
          }
        }
      }
      for (let f = 0; f < filters; f++) output[place * filters + f] = network.bend(elu, sums[f]);
    }
    return { width, depth: filters, values: output };
  },

  // A transposed convolution: each place of the input paints with the kernel.
  spread({ size, stride, elu, filters, kernel, bias }, input) {
    const width = input.width * stride;
    const before = (size - stride) >> 1;
    const { depth, values } = input;
    const sums = new Float64Array(width * width * filters);
    for (let place = 0; place < width * width; place++) sums.set(bias, place * filters);
    for (let place = 0; place < input.width ** 2; place++) {
      const top = Math.floor(place / input.width) * stride - before;
      const left = (place % input.width) * stride - before;
      for (let y = Math.max(0, -top); y < size && top + y < width; y++) {
        for (let x = Math.max(0, -left); x < size && left + x < width; x++) {
          const to = ((top + y) * width + left + x) * filters;
          for (let d = 0; d < depth; d++) {
            const value = values[place * depth + d];
            const weights = ((y * size + x) * depth + d) * filters;
            for (let f = 0; f < filters; f++) sums[to + f] += value * kernel[weights + f];
          }
        }
      }
    }
    return { width, depth: filters, values: Float32Array.from(sums, (sum) => network.bend(elu, sum)) };
  },

  bend: (elu, sum) => (elu && sum < 0 ? Math.expm1(sum) : sum),

  // Squared distance of a latent from every code.
  distances: (latent, codebook) =>
    Array.from({ length: codebook.length / latent.length }, (_, k) =>
      latent.reduce((sum, z, d) => sum + (z - codebook[k * latent.length + d]) ** 2, 0),
    ),

  // From base64 to bytes, and from two bytes each to numbers: sign, exponent, fraction.
  toBytes: (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
  toNumbers(text) {
    const bytes = network.toBytes(text);
    return Float32Array.from({ length: bytes.length / 2 }, (_, n) => {
      const half = bytes[2 * n] + 256 * bytes[2 * n + 1];
      const [exponent, fraction] = [(half >> 10) & 31, (half & 1023) / 1024];
      const size = exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14;
      return half & 32768 ? -size : size;
    });
  },

  // Hand each layer its weights; what is left over are the codes.
  unpack({ layers, halves }, depth = 1) {
    const numbers = network.toNumbers(halves);
    let taken = 0;
    const take = (count) => numbers.subarray(taken, (taken += count));
    const whole = layers.map((layer) => {
      const kernel = take(layer.size ** 2 * depth * layer.filters);
      depth = layer.filters;
      return { ...layer, kernel, bias: take(depth) };
    });
    return { layers: whole, codebook: numbers.subarray(taken) };
  },

  // Where a file may be that is loaded: in the book beside the pages, in JupyterLab
  // among the files of the server, whose root is the folder of the chapters or above.
  places(file) {
    const lab = document.getElementById("jupyter-config-data");
    if (!lab) return [`${document.documentElement.dataset.content_root ?? "./"}${file}`];
    const { baseUrl } = JSON.parse(lab.textContent);
    return ["", "book/"].map((folder) => `${baseUrl}files/${folder}loaded/${file}`);
  },

  // Load a script, and give what it sets; nothing, where it is not to be had.
  async load(file, name) {
    for (const address of network.places(file)) {
      if (!globalThis[name]) await network.bring(address).catch(() => null);
    }
    return globalThis[name];
  },
  bring: (address) =>
    new Promise((done, failed) => {
      const script = document.createElement("script");
      Object.assign(script, { src: address, onload: done, onerror: failed });
      document.head.append(script);
    }),

  // A square picture; `colorOf` gives red, green and blue of each pixel.
  picture(side, colorOf) {
    const easel = document.createElement("canvas");
    Object.assign(easel, { width: side, height: side });
    const brush = easel.getContext("2d");
    const image = brush.createImageData(side, side);
    for (let i = 0; i < side * side; i++) image.data.set([...colorOf(i), 255], 4 * i);
    brush.putImageData(image, 0, 0);
    return easel.toDataURL();
  },
};
