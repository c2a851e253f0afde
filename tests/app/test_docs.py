import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from backstamp.app.cli import COMMANDS, cli
from tests.app.in_process import Here

ROOT = Path(__file__).parents[2]
FILES = {("operate.md", "signatures.json")}
"""Called like a section of the settings."""
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)


def is_there(parts: Sequence[str]) -> bool:
    """Whether there is a module of this name, or in one something of the name that comes behind."""
    place = ROOT / "src/backstamp"
    for at, part in enumerate(parts):
        if (place / part).is_dir():
            place /= part
            continue
        file = place / f"{part}.py"
        inside, rest = (file, parts[at + 1 :]) if file.is_file() else (place / "__init__.py", parts[at:])
        return all(re.search(rf"\b{name}\b", inside.read_text()) for name in rest)
    return True


def test_every_command_has_its_heading() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(COMMANDS)


def test_every_link_between_pages_leads_somewhere() -> None:
    dead = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", re.sub("`[^`\n]*`", "", page.read_text()))
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


def test_every_module_that_the_architecture_names_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = {path.stem for path in (ROOT / "src/backstamp").iterdir()}
    named = [name for name in re.findall(r"`(\w+(?:\.\w+)+)`", text) if name.partition(".")[0] in rooms]
    assert len(named) > 50
    assert [name for name in named if not is_there(name.split("."))] == []


def test_every_room_has_its_line_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    table = text[text.index("## The rooms") : text.index("## The way of a sent message")]
    told = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", table, re.MULTILINE)))
    rooms = {
        path.stem for path in (ROOT / "src/backstamp").iterdir() if not path.name.startswith(("_", "py."))
    }
    assert sorted(told) == sorted(rooms)


def layered() -> dict[str, list[set[str]]]:
    """Return the layers of each package whose imports a contract holds, from the top down."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {
        contract["containers"][0]: [set(re.findall(r"\w+", layer)) for layer in contract["layers"]]
        for contract in contracts
        if contract["type"] == "layers" and contract["containers"] != ["backstamp"]
    }


@pytest.mark.parametrize("package", layered())
def test_what_lies_in_layers_is_listed_so_where_its_package_begins(package: str) -> None:
    begins = (ROOT / "src" / package.replace(".", "/") / "__init__.py").read_text()
    listed = begins.partition("(`lint-imports`):\n\n")[2].partition('"""')[0]
    told = [set(re.findall(r"^    (\w+)  ", part, re.MULTILINE)) for part in listed.split("\n\n")]
    assert told == layered()[package]


def test_every_option_of_a_command_is_on_some_page() -> None:
    def options(command: click.Command) -> Iterator[str]:
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                yield from (
                    name for name in parameter.opts + parameter.secondary_opts if name.startswith("--")
                )
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                if found := command.get_command(context, name):
                    yield from options(found)

    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"--[a-z-]+", text))
    # Of a switch with a default one side is told.
    assert sorted(set(options(cli)) - named - {"--opens", "--links"}) == []


def settings_told() -> Iterator[tuple[str, str]]:
    """Each block of settings that a page tells to write, with the page's name; what goes together is one."""
    for page in PAGES:
        text = page.read_text()
        for block in re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            yield page.name, block
        named = re.findall(r"^<!-- (backstamp\.toml.*) -->\n((?:    .*\n|\n(?=    ))+)", text, re.MULTILINE)
        blocks = {name: re.sub(r"^    ", "", block, flags=re.MULTILINE) for name, block in named}
        for name, block in blocks.items():
            yield page.name, blocks["backstamp.toml"] + block if name == "backstamp.toml sent" else block


@pytest.mark.parametrize(("page", "block"), list(settings_told()))
def test_settings_of_the_documents_are_good_as_they_stand(
    page: str, block: str, tmp_path: Path, here: Here
) -> None:
    written = tmp_path / "backstamp.toml"
    written.write_text(block.replace("/var/spool/postfix/backstamp", str(tmp_path)))
    # What the page says to give by the environment.
    by_environment = {"BACKSTAMP_FEEDS_URLHAUS_KEY": "key"}
    code, _, said = here("--config", str(written), "check-config", settings=by_environment)
    assert (code, said) == (0, ""), page
