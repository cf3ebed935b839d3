"""Files of an experiment: the tree, previews, bytes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from dashboard_pipelines import PNG, Numbers, Study, parquet
from test_detail import address

if TYPE_CHECKING:
    from conftest import Client


@pytest.fixture
def study(furu_tmp_root: object) -> Study:
    """Give an experiment with files of several kinds."""
    made = Study()
    made.get()
    return made


def test_the_tree_has_every_file_once(client: Client, study: Study) -> None:
    """Parents come before what they hold; sizes are those on disk; furu's own records are below ``.furu``."""
    shown = client.get(f"{address(study)}/files").json

    paths = [entry["path"] for entry in shown["entries"]]
    assert len(paths) == len(set(paths))
    assert paths.index("plots") < paths.index("plots/dot.png")
    assert ".furu/SUCCESS.json" in paths
    sizes = {entry["path"]: entry["size"] for entry in shown["entries"]}
    assert sizes["plots/dot.png"] == len(PNG)
    assert not shown["truncated"]


def test_text_is_shown_with_its_beginning(client: Client, study: Study) -> None:
    """A short text is shown whole, a long one up to a bound."""
    assert client.get(f"{address(study)}/files/notes.md").json == {
        "kind": "text",
        "size": 22,
        "text": "# Notes\n\nAll is well.\n",
        "truncated": False,
    }
    (study.furu_dir / "long.txt").write_text("line\n" * 1_000_000)

    shown = client.get(f"{address(study)}/files/long.txt").json

    assert shown["truncated"]
    assert len(shown["text"]) == 512 * 1024


def test_json_is_shown_as_a_value(client: Client, study: Study) -> None:
    """JSON comes parsed; what only looks like it comes as text; numbers JSON has no word for are words."""
    assert client.get(f"{address(study)}/files/scores.json").json["value"] == {
        "accuracy": 0.5,
        "by_class": [1, 2, None],
    }
    (study.furu_dir / "nan.json").write_text('{"loss": NaN}')
    (study.furu_dir / "torn.json").write_text('{"loss": ')
    (study.furu_dir / "deep.json").write_text("[" * 100_000)

    assert client.get(f"{address(study)}/files/nan.json").json["value"] == {"loss": "NaN"}
    assert client.get(f"{address(study)}/files/torn.json").json["kind"] == "text"
    assert client.get(f"{address(study)}/files/deep.json").json["kind"] == "text"


def test_csv_comes_in_pages_with_its_numbers(client: Client, study: Study) -> None:
    """Columns of numbers are known as such, and a page tells what is before and after it."""
    shown = client.get(f"{address(study)}/files/steps.csv?offset=290&limit=20").json

    assert (shown["kind"], shown["format"]) == ("table", "csv")
    assert [(column["name"], column["numeric"]) for column in shown["columns"]] == [
        ("step", True),
        ("loss", True),
        ("phase", False),
    ]
    assert shown["rows"][0] == [290, pytest.approx(1 / 291), "full"]
    assert (len(shown["rows"]), shown["total_rows"], shown["more"]) == (10, 300, False)
    assert client.get(f"{address(study)}/files/steps.csv?limit=20").json["more"]


def test_json_lines_are_a_table(client: Client, study: Study) -> None:
    """Keys are columns; what is nested is spelled; a line that is no JSON stays visible."""
    with (study.furu_dir / "steps.jsonl").open("a") as file:
        file.write("oops\n[1, 2]\n")

    shown = client.get(f"{address(study)}/files/steps.jsonl").json

    assert [column["name"] for column in shown["columns"]] == ["step", "tags", "(no JSON)", "value"]
    assert shown["rows"][3] == [3, '["a", 3]', None, None]
    assert shown["rows"][20:] == [[None, None, "oops", None], [None, None, None, "[1, 2]"]]


def test_parquet_comes_in_pages_across_its_groups(client: Client, study: Study) -> None:
    """A page may begin in one group of rows and end in another."""
    pytest.importorskip("pyarrow")
    parquet(study.furu_dir / "steps.parquet", 1000)

    shown = client.get(f"{address(study)}/files/steps.parquet?offset=95&limit=210").json

    assert [row[0] for row in shown["rows"]] == list(range(95, 305))
    assert [(column["name"], column["numeric"]) for column in shown["columns"]] == [
        ("step", True),
        ("loss", True),
        ("who", False),
    ]
    assert (shown["total_rows"], shown["more"]) == (1000, True)
    (study.furu_dir / "torn.parquet").write_bytes(b"PAR1 is not enough")
    assert client.get(f"{address(study)}/files/torn.parquet").json["kind"] == "none"


def test_what_is_not_shown_says_why(client: Client, study: Study) -> None:
    """A pickle is never opened; other bytes are no text."""
    (study.furu_dir / "weights.bin").write_bytes(b"\0\1\2")

    assert "run code" in client.get(f"{address(study)}/files/model.pkl").json["reason"]
    assert client.get(f"{address(study)}/files/weights.bin").json["kind"] == "none"


def test_images_are_shown_and_their_scripts_are_not_run(client: Client, study: Study) -> None:
    """An image is sent as one when it is asked for inline; nothing in it may run or fetch."""
    assert client.get(f"{address(study)}/files/plots/dot.png").json["media_type"] == "image/png"
    inline = client.get(f"{address(study)}/raw/plots/drawing.svg?inline=true")
    saved = client.get(f"{address(study)}/raw/plots/dot.png")

    assert inline.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in inline.headers["content-security-policy"]
    assert saved.content == PNG
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"] == "attachment; filename*=UTF-8''dot.png"
    assert client.get(f"{address(study)}/raw/notes.md?inline=true").headers["content-disposition"].startswith("att")


@pytest.mark.parametrize(
    ("header", "status", "expected"),
    [
        ("bytes=0-0", 206, (0, 1)),
        ("bytes=5-", 206, (5, 22)),
        ("bytes=-5", 206, (17, 22)),
        ("bytes=0-1000", 206, (0, 22)),
        ("bytes=22-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=9-3", 200, (0, 22)),
        ("bytes=0-1,3-4", 200, (0, 22)),
        ("lines=1-2", 200, (0, 22)),
    ],
)
def test_downloads_have_ranges(
    client: Client, study: Study, header: str, status: int, expected: tuple[int, int] | None
) -> None:
    """A range is answered with its bytes, one behind the end is refused, one that cannot be read is ignored."""
    whole = (study.furu_dir / "notes.md").read_bytes()

    answer = client.get(f"{address(study)}/raw/notes.md", Range=header)

    assert answer.status == status
    if expected is not None:
        assert answer.content == whole[slice(*expected)]
        assert answer.headers["content-length"] == str(expected[1] - expected[0])
    if status == 206 and expected is not None:
        assert answer.headers["content-range"] == f"bytes {expected[0]}-{expected[1] - 1}/22"


def test_odd_names_are_listed_and_opened(client: Client, study: Study) -> None:
    """Names with spaces, quotes and signs of a URL work; one that is no text is listed."""
    (study.furu_dir / 'a "b" #?%20.txt').write_text("odd")
    with open(os.fsencode(study.furu_dir) + b"/\xff.txt", "w") as file:
        file.write("bytes")

    paths = [entry["path"] for entry in client.get(f"{address(study)}/files").json["entries"]]

    assert 'a "b" #?%20.txt' in paths
    assert "\\udcff.txt" in paths
    assert client.get(f"{address(study)}/files/a%20%22b%22%20%23%3F%2520.txt").json["text"] == "odd"


def test_files_that_come_and_go_are_no_error(client: Client, study: Study) -> None:
    """A file that is removed is not there; a pipe is not waited for; an empty file is shown as such."""
    os.mkfifo(study.furu_dir / "pipe")
    (study.furu_dir / "empty.csv").write_text("")
    (study.furu_dir / "notes.md").unlink()

    assert client.get(f"{address(study)}/files/notes.md").status == 404
    assert client.get(f"{address(study)}/files/pipe").status == 404
    assert client.get(f"{address(study)}/files/plots").status == 404
    assert client.get(f"{address(study)}/files/empty.csv").json["reason"] == "The file is empty."


def test_a_listing_is_bounded(client: Client) -> None:
    """An artifact with very many files is listed up to a bound, and says that there are more."""
    numbers = Numbers()
    numbers.get()
    for number in range(5001):
        (numbers.furu_dir / f"{number}.txt").touch()

    shown = client.get(f"{address(numbers)}/files").json

    assert shown["truncated"]
    assert len(shown["entries"]) == 5000
