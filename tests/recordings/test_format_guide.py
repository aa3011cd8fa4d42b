"""The page of recipes: every format is on it, and every message leads to a section that exists."""

import re
from pathlib import Path

from source_tree import text_of

from gridjax.recordings import readers
from gridjax.recordings.file_formats import FORMATS
from gridjax.recordings.formats.reading import GUIDE

PAGE = text_of(GUIDE)


def test_every_link_of_a_message_leads_to_a_section():
    sources = Path(readers.__file__).parent.rglob("*.py")
    links = {
        link for file in sources for link in re.findall(r"\{GUIDE\}#([\w-]+)", file.read_text())
    }
    headings = re.findall(r"^## (.*)$", PAGE, flags=re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert len(links) >= 9
    assert links <= anchors


def test_every_format_is_on_the_page():
    table = PAGE.partition("\n## ")[0]
    assert [ending for ending in FORMATS if f"`{ending}`" not in table] == []
