"""HTML that strangers sent, made safe to show in our page; and text of it for those who read text. Pure.

What is left is text with its structure: no images (each would tell its sender that it was read), no scripts, no styles,
no forms, no names or classes that could meet those of the page. Links lead to the web or to an address, in a new
window that knows nothing of ours.
"""

import html
import re
from typing import Final

import nh3

LONGEST_HTML: Final = 1_000_000
"""Characters that are cleaned; of what is longer only the text is shown."""

_TAGS: Final = frozenset(
    {"a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3"}
    | {"h4", "h5", "h6", "hr", "i", "ins", "li", "ol", "p", "pre", "q", "s", "small", "span", "strike", "strong", "sub"}
    | {"sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"}
)
_ATTRIBUTES: Final = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
_WITH_CONTENT: Final = {"script", "style", "title", "head", "template", "noscript", "svg", "math", "object", "textarea"}
_SCHEMES: Final = {"http", "https", "mailto", "tel"}
_BREAKS: Final = re.compile(
    r"(?i)<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote|/table|/pre|hr)\b[^<>]{0,2000}>|<(?:p|div|table|blockquote)\b(?=[^<>]{0,2000}>)"
)
_CELLS: Final = re.compile(r"(?i)</t[dh]\b[^<>]{0,200}>")
_SPACES: Final = re.compile(r"[^\S\n]+")
_EMPTY_LINES: Final = re.compile(r"\n[ \n]*\n")
_DEEPEST: Final = 4000
"""Tags in each other; what cleaning costs grows with the square of it."""
_TAG: Final = re.compile(
    r"(?i)<(/?)(?!(?:br|hr|img|meta|link|input|p|li|td|tr|th|col|wbr|area|base|source|option|dd|dt|tbody)\b)[a-z]"
)
"""Those that stay open until they are closed."""


def cleaned(text: str) -> str:
    """HTML that may stand in our page; "" for what is too long or too deep to be cleaned."""
    if len(text) > LONGEST_HTML or _is_deep(text):
        return ""
    return nh3.clean(
        text,
        tags=set(_TAGS),
        clean_content_tags=_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=_SCHEMES,
        url_relative="deny",  # it would lead into our own page, as the agent who is signed in there
    ).strip()


def plain(text: str) -> str:
    """What the HTML says, line by line, without any of its tags."""
    broken = _CELLS.sub(" ", _BREAKS.sub(lambda tag: "\n" + tag[0], text.replace("\r", "").replace("\n", " ")))
    if len(broken) > 2 * LONGEST_HTML or _is_deep(broken):
        bare = re.sub(r"<[^<>]{0,2000}>", " ", broken[: 2 * LONGEST_HTML])
    else:
        bare = nh3.clean(broken, tags=set(), clean_content_tags=_WITH_CONTENT, strip_comments=True)
    spaced = _SPACES.sub(" ", html.unescape(bare))
    return _EMPTY_LINES.sub("\n\n", "\n".join(line.strip() for line in spaced.split("\n"))).strip()


def _is_deep(text: str) -> bool:
    """Are tags opened so deep in each other that no person wrote it? What is never closed counts as open."""
    depth = 0
    for found in _TAG.finditer(text):
        depth += -1 if found[1] else 1
        if depth > _DEEPEST:
            return True
    return False
