"""Hosts for display: in their own letters if these identify the host, else in ASCII (punycode), like browsers.

The page's `markdown/hosts.js` is the same, expression for expression: change both.
"""

import re
import unicodedata

_LATIN = r"a-z\u00df-\u00f6\u00f8-\u0137\u0139-\u017f\u01a1\u01b0\u01ce-\u01ef\u01f5-\u021b\u1e00-\u1eff"
_HAN = r"\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff"
_KANA = r"\u3041-\u3096\u309d-\u309e\u30a1-\u30fa\u30fc-\u30fe"
_CYRILLIC, _GREEK = r"\u0430-\u045f\u0461-\u052f", r"\u0390\u03ac-\u03ce"
#: Unicode's "highly restrictive" (UTS 39, 5.2): one writing, or Latin with one written beside it. What is not here is ASCII.
_WRITINGS = [
    _CYRILLIC,
    _GREEK,
    _LATIN + _HAN + _KANA,
    rf"{_LATIN}{_HAN}\u3105-\u312f",
    rf"{_LATIN}{_HAN}\uac00-\ud7a3",
    r"\u0561-\u0587",  # Armenian
    r"\u05d0-\u05ea",  # Hebrew
    r"\u0620-\u063f\u0641-\u064a\u0660-\u0669\u0670-\u06d3\u06f0-\u06f9",  # Arabic
    *(r"\u0900-\u0963\u0966-\u097f", r"\u0980-\u09fe", r"\u0a00-\u0a76", r"\u0a80-\u0aff"),  # Devanagari to Gujarati
    *(r"\u0b80-\u0bfa", r"\u0c00-\u0c7f", r"\u0c80-\u0cff", r"\u0d00-\u0d7f"),  # Tamil to Malayalam
    *(r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59", r"\u10d0-\u10fa"),  # Thai, Georgian
]
_ONE_WRITING = re.compile("|".join(rf"[-0-9{letters}]+\Z" for letters in _WRITINGS))
#: All of it looks like Latin (Chromium's lists): pаypаl needs no Latin letter to deceive.
_LOOKS_LATIN = re.compile(r"[-0-9аысԁеԍһіюјӏорԗԛѕԝхуъьҽпгѵѡѐёѓїќў]+\Z|[-0-9αγηικνορτυχωίόύϊϋ]+\Z")
#: Of Chinese and Japanese, alone among other letters: they look like the slashes and dashes of an address.
_LINES = re.compile(
    rf"(?:^|[^{_HAN}{_KANA}])[\u3007\u30ce\u30f3\u30bd\u30be\u30fc\u4e00\u4e28\u4e36\u4e3f](?:\Z|[^{_HAN}{_KANA}])"
)
_HOST = re.compile(r"([hH][tT][tT][pP][sS]?://)([^/?#:]*)")
_DOTS = re.compile(r"[.\u3002\uff0e\uff61]")


def spelled(url: str) -> str:
    """The address as pages show it to a reader who decides whether to open it."""
    found = _HOST.match(url)
    if found is None or found[2].isascii():
        return url
    labels = _DOTS.split(unicodedata.normalize("NFKC", found[2]).lower())
    shown = ".".join(label if _is_clear(label, labels[-1]) else _ascii(label) for label in labels)
    return f"{found[1]}{shown}{url[found.end() :]}"


def _is_clear(label: str, last: str) -> bool:
    if label.isascii():
        return True
    is_deceiving = _LOOKS_LATIN.match(label) is not None and last.isascii()
    return _ONE_WRITING.match(label) is not None and not is_deceiving and _LINES.search(label) is None


def _ascii(label: str) -> str:
    return f"xn--{label.encode('punycode').decode()}"
