// Set every formula of the page; a screen reader is given it as MathML.
for (const place of document.querySelectorAll(".math")) {
  katex.render(place.textContent, place, {
    displayMode: place.tagName === "DIV",
    throwOnError: false,
  });
}
