"""A figure to play with, as the output of a cell: drawing, data and scripts in one."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = Path(__file__).parent
STAR = "M0-13 3.1-4.2 12.4-4 5 1.6 7.6 10.5 0 5.2-7.6 10.5-5 1.6-12.4-4-3.1-4.2z"


class Play:
    """A still drawing that a script brings to life.

    Parameters
    ----------
    name : str
        Of the script in this folder, ``name.js``.
    title : str
        What the figure is, for those who cannot see it.
    drawing : xml.etree.ElementTree.Element
        The complete figure as an SVG.
    data : dict
        What the script needs to know, as JSON.
    says : str
        The line below the drawing, until something is moved.
    buttons : dict
        From what a button does to what stands on it.
    choices : dict, optional
        From a choice to its label, what can be chosen, and what is chosen at first.
    libraries : dict, optional
        From the name by which the script calls a library to its file in ``vendor``.
    shared : tuple of str
        Scripts of this folder that come first. ``film`` is for a figure that goes
        through time: it brings a slider, and moves what stands on the buttons `back`,
        `run` and `on`. ``network`` is for one that runs a network.
    """

    def __init__(
        self,
        name,
        title,
        drawing,
        data,
        says,
        buttons,
        choices=None,
        libraries=None,
        shared=(),
    ):
        self.choices = choices or {}
        self.name, self.title, self.data = name, title, data
        self.drawing, self.says, self.buttons = drawing, says, buttons
        self.libraries, self.shared = libraries or {}, shared

    def __repr__(self):
        return f"A figure to play with: {self.title}"

    def _repr_html_(self):
        root = ET.Element("div", {"class": "play", "role": "group"})
        root.set("aria-label", self.title)
        ET.SubElement(root, "style").text = read("paper.css")
        root.append(self.drawing)
        controls = ET.SubElement(root, "div", {"class": "play-controls", "hidden": ""})
        for choice, about in self.choices.items():
            _add_choice(controls, choice, *about)
        for action, text in self.buttons.items():
            button = ET.SubElement(controls, "button", {"type": "button"})
            button.set("data-do", action)
            button.text = text
        ET.SubElement(root, "p", {"class": "play-says", "aria-live": "polite"})
        root[-1].text = self.says
        data = ET.SubElement(root, "script", {"type": "application/json"})
        data.text = json.dumps(self.data)
        ET.SubElement(root, "script").text = self._script()
        return ET.tostring(root, encoding="unicode", method="html")

    def _script(self):
        """All scripts in one function, so that no name leaves it."""
        libraries = "\n".join(
            f"const {name} = (() => {{\nconst exports = {{}}, module = {{}};\n"
            f"{read(f'vendor/{file}')}\nreturn exports;\n}})();"
            for name, file in self.libraries.items()
        )
        here = 'const root = document.currentScript.closest(".play");'
        scripts = ("paper", *self.shared, self.name)
        own = "".join(read(f"{name}.js") for name in scripts)
        return f"(() => {{\n{here}\n{libraries}\n{own}}})();"


def read(file):
    """Read a file of this folder; it must not end the element that it stands in."""
    text = (HERE / file).read_text(encoding="utf-8")
    return text.replace("</script", "<\\/script")


def _add_choice(controls, choice, label, values, first):
    """Add a list to choose from, with its label."""
    held = ET.SubElement(controls, "label")
    held.text = f"{label} "
    options = ET.SubElement(held, "select", {"data-choice": choice})
    for value in values:
        option = ET.SubElement(options, "option", {"value": str(value)})
        option.text = str(value)
        if value == first:
            option.set("selected", "")


def add_part(svg, tag, part, **attributes):
    """Add a part to a drawing, under the name by which the script finds it."""
    numbers = {
        name: f"{value:.1f}" if isinstance(value, float) else str(value)
        for name, value in attributes.items()
    }
    ET.SubElement(svg, tag, {"data-part": part, **numbers})
