"""The pages' files: known by name at start, and named by their content."""

import re
from pathlib import Path

import pytest

from linkhub_adapters.http.pages.page_files import load_page_files

PAGES = Path(__file__).parents[4] / "src" / "linkhub_adapters" / "http" / "pages"
DIRECTORIES = (PAGES / "files", PAGES / "vendor")


def write(directory: Path, **files: str) -> Path:
    directory.mkdir(exist_ok=True)
    for name, content in files.items():
        (directory / name.replace("_", ".")).write_text(content, "utf-8")
    return directory


def test_assets_are_distinguished_from_pages_and_from_the_rest(tmp_path: Path) -> None:
    """By their suffix: notes for developers and nested directories are not served."""
    write(tmp_path, a_js="1", a_css="2", a_html="<p>", README_md="no", a_py="no")
    write(tmp_path / "nested", b_js="no")
    files = load_page_files(tmp_path)
    assert sorted(files.assets) == ["a.css", "a.js"]
    assert list(files.pages) == ["a.html"]
    assert files.assets["a.js"].media_type == "text/javascript"


def test_a_page_loads_its_assets_from_its_release(tmp_path: Path) -> None:
    """Their addresses are rewritten; words that look like addresses are not."""
    write(tmp_path, a_js="1", a_html='<script src="/assets/a.js"></script> see /assets/a.js')
    files = load_page_files(tmp_path)
    expected = f'<script src="/assets/{files.release}/a.js"></script> see /assets/a.js'
    assert files.pages["a.html"].content.decode() == expected


def test_the_release_follows_the_content(tmp_path: Path) -> None:
    """Equal files are the same release; a byte more in one, or another name, is another release."""
    one, same = write(tmp_path / "1", a_js="1", b_js="2"), write(tmp_path / "2", b_js="2", a_js="1")
    more, renamed = write(tmp_path / "3", a_js="1", b_js="2 "), write(tmp_path / "4", a_js="1", c_js="2")
    release = load_page_files(one).release
    assert load_page_files(same).release == release
    assert len({release, load_page_files(more).release, load_page_files(renamed).release}) == 3


def test_an_asset_has_the_tag_of_its_content(tmp_path: Path) -> None:
    """Other files in the directory do not change it."""
    one, other = write(tmp_path / "1", a_js="1"), write(tmp_path / "2", a_js="1", b_js="2")
    assert load_page_files(one).assets["a.js"].etag == load_page_files(other).assets["a.js"].etag


def test_directories_add_up_but_do_not_hide_each_other(tmp_path: Path) -> None:
    """Two assets of one name would make it a matter of luck which is served."""
    one, other = write(tmp_path / "1", a_js="1"), write(tmp_path / "2", b_js="2")
    assert sorted(load_page_files(one, other).assets) == ["a.js", "b.js"]
    write(other, a_js="3")
    with pytest.raises(ValueError, match=r"two assets are named a\.js"):
        load_page_files(one, other)


def _real_pages() -> dict[str, str]:
    """The text of each page, and of each template of one."""
    pages = {name: page.content.decode() for name, page in load_page_files(*DIRECTORIES).pages.items()}
    return pages | {path.name: path.read_text("utf-8") for path in (PAGES / "templates").iterdir()}


def test_the_real_pages_name_only_assets_that_exist() -> None:
    """Every address in a page and every import in a script leads to a file."""
    files = load_page_files(*DIRECTORIES)
    for page in _real_pages().values():
        named = re.findall(rf'"/assets/(?:{files.release}/)?([^"]+)"', page)
        assert set(named) <= set(files.assets)
    for script in (asset for name, asset in files.assets.items() if name.endswith(".js")):
        imported = script.content.decode().split(' from "./')[1:]
        assert {rest.partition('"')[0] for rest in imported} <= set(files.assets)


def test_the_real_pages_have_nothing_inline() -> None:
    """The content security policy would block it."""
    for name, text in _real_pages().items():
        assert "<style" not in text, name
        assert " style=" not in text, name
        assert "<script>" not in text, name
        assert " onclick=" not in text, name
