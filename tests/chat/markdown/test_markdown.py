"""Server and page render Markdown alike, and produce only the elements that are listed here."""

import json
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.markdown import plain, render

pytestmark = pytest.mark.fast

HERE = Path(__file__).parent
EXAMPLES: dict[str, list[tuple[str, str, str]]] = json.loads((HERE / "examples.json").read_text())
NODE = Path(sys.executable).with_name("node")
DRAWN = HERE.parent / "javascript" / "stage" / "drawn.mjs"

LINK = {"href", "title", "target", "rel"}
MAY: dict[str, set[str]] = {
    **{
        tag: set()
        for tag in ["p", "hr", "em", "strong", "s", "ul", "li", "blockquote", "table", "thead", "tbody", "tr"]
    },
    "a": LINK,
    "h2": {"class"},
    "ol": {"start"},
    "th": {"class"},
    "td": {"class"},
    "div": {"class", "tabindex"},
    "pre": {"tabindex"},
    "code": {"class"},
    "span": {"data-call"},
}
CLASSES = {*(f"h{level}" for level in range(1, 7)), "left", "center", "right", "code", "table"}
#: Pieces that meet in ways which nobody writes on purpose.
PIECES = [
    *"*_~`[]()<>!#-+|:\\/.\n \t&;\"'=1aé日😀ß\u200b\u202e\u0301\u00a0\ufeff\u00ad«",
    *(
        "**",
        "__",
        "~~",
        "```",
        "\n\n",
        "\n- ",
        "\n1. ",
        "\n> ",
        "\n# ",
        "    ",
        "  \n",
        "\\\n",
        "\r\n",
        "\n---\n",
        "](",
        "]: ",
    ),
    *(
        "https://a.org/b",
        "https://аррӏе.com/",
        "https://日本",
        "[gооgle.com](https://gооgle.com)",
        "http://",
        "www.x.org",
        "mailto:a@b.org",
        "bob@x.org",
        "@bob.",
        "@here",
        "javascript:alert(1)",
        "data:text/html,",
        "<script>",
    ),
    *(
        "[a](https://b.org)",
        "[x]: https://y.org\n",
        "\n|a|b|\n|-|:-:|\n|c|d|\n",
        "&amp;",
        "<https://a.org>",
        "\x85",
        "\x1c",
        "\u2028",
        "ſ",
        "İ",
    ),
]
BODIES = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)


class Seen(HTMLParser):
    """Fails at what is not in MAY."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], html

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert set(given) <= MAY[tag], (tag, given)
        assert tag != "a" or "a" not in self.open, "a link within a link"
        if tag == "a":
            assert given["href"].lower().startswith(("http://", "https://", "mailto:"))
            assert (given["target"], given["rel"]) == ("_blank", "noopener noreferrer nofollow")
        elif "class" in given:
            assert given["class"] in CLASSES or given["class"].startswith("language-"), given
        if tag != "hr":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    handle_comment = handle_pi = unknown_decl = handle_decl


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """What the page draws of a body: its HTML and its plain text."""
    with subprocess.Popen(
        [NODE, "--no-warnings", DRAWN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as node:
        assert node.stdin
        assert node.stdout
        given, told = node.stdin, node.stdout

        def drawn(body: str) -> Any:
            given.write(json.dumps(body) + "\n")
            given.flush()
            return json.loads(told.readline())

        yield drawn
        given.close()


@pytest.mark.parametrize("group", EXAMPLES)
def test_the_server_draws_what_the_table_says(group: str) -> None:
    for body, html, text in EXAMPLES[group]:
        assert (body, render(body), plain(body)) == (body, html, text)
        Seen(html)


def test_the_table_has_its_three_hundred_examples() -> None:
    assert sum(map(len, EXAMPLES.values())) >= 300


@settings(max_examples=80)
@given(body=BODIES)
def test_whatever_is_written_both_sides_draw_the_same_and_only_what_is_allowed(page: Any, body: str) -> None:
    assert page(body) == [render(body), plain(body)]
    Seen(render(body))


#: Of every writing that has a rule, in both cases, composed and not.
LETTERS = "aZé-0.аЖӏΣσοー日ノ한あㄅאبआกა☃ı\u0301。𝐠\u3007ßI\u0130"


@settings(max_examples=60)
@given(host=st.text(LETTERS, min_size=1, max_size=12))
def test_whatever_a_host_is_both_sides_spell_it_the_same(page: Any, host: str) -> None:
    body = f"https://{host}/"
    assert page(body) == [render(body), plain(body)]


@pytest.mark.parametrize(
    "sign",
    [
        "[",
        "]",
        "*",
        "_",
        "~",
        "`",
        ">",
        "> ",
        "- ",
        "<",
        "(",
        "![",
        "[a](",
        "**a",
        "*_",
        "|",
        "\\",
        "a\n",
        "#",
        "https://(",
        "a@",
    ],
)
def test_a_message_full_of_one_sign_is_drawn_alike(page: Any, sign: str) -> None:
    body = (sign * 2_048)[:2_048].rstrip(" \n")
    assert page(body) == [render(body), plain(body)]
    Seen(render(body))


@pytest.mark.parametrize(
    "body",
    [
        "#",
        ">",
        "-",
        "1.",
        "[a]: https://example.org",
        "> " * 30 + "deep",
        "- " * 30 + "deep",
        "[" * 2_048,
        "[a](" * 512,
        "<" * 2_048,
    ],
)
def test_what_would_show_nothing_is_shown_as_it_was_typed(body: str) -> None:
    assert plain(body) == body
