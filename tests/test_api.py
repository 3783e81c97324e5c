"""The pages of functions: whole, with examples that run, and tied to the chapters."""

import inspect
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "_ext"))
import chapters  # noqa: E402

PUBLIC = chapters.public()
CALLED = {name: thing for name, thing in PUBLIC.items() if callable(thing)}
FIGURES = ("vqvae_lesson.plots.", "vqvae_lesson.classroom.play.")
# Dimensions: [B, H, W, C], [..., D], [N], [], ...
SHAPE = re.compile(r"\[[\w., 0-9·+-]*\]")
ARRAYS = re.compile(r"\b(tensor|array|ndarray|variable)\b")

needs_book = pytest.mark.skipif(
    not (BUILT / "book" / "functions").is_dir(), reason="needs the built book"
)


def is_handed_back(thing):
    """Whether readers get it from functions, or build their own on it."""
    named = isinstance(thing, type) and issubclass(thing, tuple | Exception)
    return named or thing.__name__ in (
        "Letters",
        "Dictionary",
        "Reader",
        "Recipe",
        "LessonModel",
    )


def has_one_chapter(name):
    """Whether a figure is drawn for one chapter, which is its example."""
    return (
        name.startswith(FIGURES)
        and name in chapters.places()
        and not (chapters.also_in(name))
    )


def test_what_the_chapters_use_is_public():
    unknown = set()
    for place, kind, text in chapters.cells():
        for module, names in re.findall(
            r"^from (vqvae_lesson[\w.]*) import \(?([^)]*?)\)?$",
            text if kind == "code" else "",
            re.MULTILINE,
        ):
            for name in re.findall(r"\w+(?= as|,|\s|$)", names):
                thing = f"{module}.{name}"
                if "checks" not in thing and not is_module(thing):
                    unknown |= set() if chapters.resolve(thing) else {(place, thing)}
    assert not unknown


def is_module(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def test_every_public_module_of_the_readme_has_its_page():
    listed = {name for names in chapters.pages().values() for name in names}
    having = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "vqvae_lesson").rglob("*.py")
        if re.search(r"^__all__ = ", path.read_text(), re.MULTILINE)
    }
    assert listed == having


@pytest.mark.parametrize("name", CALLED)
def test_a_public_name_has_a_runnable_example_or_a_chapter_that_is_one(name):
    thing = CALLED[name]
    example = ">>> " in (inspect.getdoc(thing) or "")
    assert example or is_handed_back(thing) or has_one_chapter(name)


@pytest.mark.parametrize("name", CALLED)
def test_a_public_name_says_the_shapes_of_its_arrays(name):
    thing = CALLED[name]
    if isinstance(thing, type):
        parts = ClassDoc(thing, config={"show_class_members": False})
        described = {one.name for one in [*parts["Parameters"], *parts["Attributes"]]}
        assert described or issubclass(thing, Exception)
    else:
        parts = FunctionDoc(thing)
        described = {
            one.strip("* ")
            for part in parts["Parameters"]
            for one in part.name.split(",")
        }
        assert described >= {*inspect.signature(thing).parameters}
        assert parts["Returns"] or returns_nothing(thing)
    for part in [*parts["Parameters"], *parts["Returns"], *parts["Attributes"]]:
        if ARRAYS.search(part.type) and not part.name.startswith("**"):
            assert SHAPE.search(f"{part.type} {' '.join(part.desc)}"), part


def returns_nothing(thing):
    return "return" not in inspect.getsource(inspect.unwrap(thing)).split('"""')[-1]


def test_what_a_chapter_prints_is_explained_there_where_it_comes_first():
    place = chapters.explained("vqvae_lesson.quantizer.squared_distances")
    assert (place.number, place.section) == (4, "Three latents, two codes, on paper")
    used_before = chapters.explained("vqvae_lesson.losses.reconstruction_loss")
    assert used_before.number == 6
    others = chapters.also_in("vqvae_lesson.losses.reconstruction_loss")
    assert [place.number for place in others] == [3]


def test_a_name_is_found_by_whatever_way_a_chapter_imports_it():
    full = "vqvae_lesson.runs.manifests.read_manifest"
    assert chapters.resolve("vqvae_lesson.runs.checkpoints.read_manifest") == full
    method = "vqvae_lesson.model.VQVAE.call"
    assert chapters.resolve(method) == method
    assert chapters.resolve("vqvae_lesson.quantizer.in_blocks") is None


class Page(HTMLParser):
    """Names and links of a built page."""

    def __init__(self, path):
        super().__init__()
        self.path, self.names, self.links = path, set(), set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.names.add(attributes.get("id"))
        if tag == "a" and "href" in attributes:
            self.links.add(attributes["href"])

    def targets(self):
        """File and name of each link inside the book."""
        for link in self.links:
            file, _, name = link.partition("#")
            if not re.match(r"\w+:", file):
                path = (self.path.parent / unquote(file)) if file else self.path
                yield path.resolve(), unquote(name)


@pytest.fixture(scope="module")
def built():
    """Every page of the built book, by its path."""
    paths = [*BUILT.glob("book/*.html"), *BUILT.glob("book/functions/*.html")]
    paths += [BUILT / "genindex.html"]
    return {path.resolve(): Page(path) for path in paths}


def entry(built, name):
    """Path of the page with the entry of a public name."""
    found = [path for path, page in built.items() if name in page.names]
    assert len(found) == 1, name
    return found[0]


@needs_book
@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_one_entry_in_the_built_book(built, name):
    assert entry(built, name).parent.name == "functions"


@needs_book
@pytest.mark.parametrize("name", PUBLIC)
def test_a_function_leads_to_its_chapter_and_the_chapter_back(built, name):
    place = chapters.explained(name)
    if place is None:
        pytest.skip("no chapter speaks of it")
    chapter = (BUILT / "book" / f"{place.chapter}.html").resolve()
    there = entry(built, name)
    section = chapters.slug(place.section)
    assert section in built[chapter].names
    assert (chapter, section) in {*built[there].targets()}
    assert (there, name) in {*built[chapter].targets()}


@needs_book
def test_no_link_of_functions_index_symbols_and_glossary_is_dead(built):
    for path, page in built.items():
        if path.parent.name != "functions" and not re.match("[gs]", path.name):
            continue
        for target, name in page.targets():
            assert target.is_file(), (path, target)
            if name and target in built:
                assert name in built[target].names, (path, target, name)


@needs_book
def test_the_table_of_modules_names_all_of_them(built):
    page = (BUILT / "book" / "functions" / "index.html").resolve()
    linked = {name for _, name in built[page].targets()}
    for names in chapters.pages().values():
        assert {f"module-{name}" for name in names} <= linked


@needs_book
def test_the_index_leads_every_word_of_the_glossary_to_its_chapter(built):
    targets = {*built[(BUILT / "genindex.html").resolve()].targets()}
    for word, place in chapters.words().items():
        chapter = (BUILT / "book" / f"{place.chapter}.html").resolve()
        assert (chapter, chapters.slug(place.section)) in targets, word
        glossary = (BUILT / "book" / "glossary.html").resolve()
        assert (glossary, chapters.slug(word)) in targets, word


def test_a_word_that_its_chapter_does_not_have_is_named(monkeypatch, tmp_path):
    entry = "### zugzwang\n\nA word. [Chapter](01_data.ipynb)\n"
    (tmp_path / "glossary.md").write_text(entry)
    monkeypatch.setattr(chapters, "BOOK", tmp_path)
    with pytest.raises(ValueError, match="01_data explains 'zugzwang', but no text"):
        chapters.words.__wrapped__()


FOUND = {
    "argmin": "book/04_quantizer.html",
    "Voronoi": "book/04_quantizer.html",
    "nearest code": "book/04_quantizer.html",
    "dead codes": "book/05_ema.html",
    "EMA": "book/05_ema.html",
    "exile": "book/05_ema.html",
    "straight-through": "book/06_losses.html",
    "commitment": "book/06_losses.html",
    "perplexity": "book/08_results.html",
    "codebook collapse": "book/09_health.html",
    "ELBO": "book/12_vae.html",
    "posterior collapse": "book/12_vae.html",
    "squared_distances": "book/functions/quantizer.html",
    "ema_step": "book/functions/ema.html",
    "Training": "book/functions/training.html",
}


@pytest.fixture(scope="module")
def searched(chromium):
    """Open the page of the search, which has its field after each search, too."""
    page = chromium.new_page()
    page.heard = []
    page.on("console", lambda said: said.type != "log" and page.heard.append(said.text))
    page.goto((BUILT / "search.html").as_uri())
    yield page
    page.close()


@needs_book
@pytest.mark.parametrize("word", FOUND)
def test_search_finds_a_word_where_it_is_explained(searched, word):
    field = searched.locator("input[name=q]:visible").first
    field.fill(word)
    with searched.expect_navigation():
        field.press("Enter")
    first = searched.locator("ul.search li a").first
    first.wait_for()
    searched.wait_for_function("/finished|found/.test(document.body.innerText)")
    assert first.get_attribute("href").startswith(FOUND[word])
    assert not searched.heard
