import re
from pathlib import Path

from backstamp.app.cli import COMMANDS

ROOT = Path(__file__).parents[2]
FILES = {("operate.md", "signatures.json")}
"""Called like a section of the settings."""
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)


def test_every_command_has_its_heading() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(COMMANDS)


def test_every_link_between_pages_leads_somewhere() -> None:
    dead = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert dead == []


def test_every_page_is_reachable_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"docs/{page.name}" not in readme] == []


def test_every_settings_name_in_the_documents_exists() -> None:
    from backstamp.app.settings import table

    names = {setting.name for setting in table()}
    sections = {name.rpartition(".")[0] for name in names} - {""}
    pattern = re.compile(rf"`((?:{'|'.join(sections)})\.[a-z_]+)\b(?!\()")
    # ARCHITECTURE.md names modules, and some rooms are called like sections.
    pages = [page for page in PAGES if page.name != "ARCHITECTURE.md"]
    used = {(page.name, name) for page in pages for name in pattern.findall(page.read_text())}
    assert sorted((page, name) for page, name in used - FILES if name not in names) == []
