"""Mail that strangers send is read without harm: what it says, or that it cannot be read; nothing raises."""

import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.media import email_html, email_reading
from cti.media.email_reading import LONGEST_TEXT, MOST_ATTACHMENTS, UNREADABLE, file_name, read

SECONDS = 8.0
HEAD = b"From: Anna <Anna@Customer.test>\r\nSubject: Help\r\nMessage-ID: <m1@customer.test>\r\n"


def nested(depth: int, body: bytes = b"") -> bytes:
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(depth)
    )
    return HEAD + parts + body


def test_a_plain_mail_says_who_what_and_which() -> None:
    mail = read(HEAD + b"In-Reply-To: <b@x>\r\nReferences: <a@x> <b@x>\r\n\r\nMy line is dead.\r\n")
    assert (mail.sender, mail.sender_name, mail.subject) == ("anna@customer.test", "Anna", "Help")
    assert (mail.text, mail.html, mail.attachments) == ("My line is dead.", "", ())
    assert (mail.message_id, mail.references) == ("<m1@customer.test>", ("<b@x>", "<a@x>"))


def test_the_same_bytes_have_the_same_digest_and_others_another() -> None:
    assert read(HEAD + b"\r\na").digest == read(HEAD + b"\r\na").digest != read(HEAD + b"\r\nb").digest


def test_text_and_page_and_files_are_told_apart() -> None:
    mail = EmailMessage()
    mail["From"] = "anna@customer.test"
    mail.set_content("plain words")
    mail.add_alternative("<p>page <b>words</b></p>", subtype="html")
    mail.add_attachment(b"\0\1", maintype="image", subtype="png", filename="фото.png")
    found = read(mail.as_bytes())
    assert (found.text, found.html) == ("plain words", "<p>page <b>words</b></p>")
    assert [(one.name, one.media_type, one.content) for one in found.attachments] == [
        ("фото.png", "image/png", b"\0\1")
    ]


def test_a_page_without_text_is_told_as_text_too() -> None:
    page = b"<style>x</style><p>Good&nbsp;day,</p><p>it <b>rings</b><br>twice</p>"
    kind = b"Content-Type: text/html; charset=utf-8\r\n\r\n"
    assert read(HEAD + kind + page).text == "Good day,\n\nit rings\ntwice"


@pytest.mark.parametrize(
    ("raw", "readable"),
    [
        pytest.param(nested(1000), False, id="a thousand parts in each other"),
        pytest.param(nested(30, b"\r\nx" * 1_000_000), False, id="lines in many parts"),
        pytest.param(HEAD + b"\r\n" + b"\n" * 20_000_000, False, id="millions of lines"),
        pytest.param(b"X: y\r\n" * 100_000 + b"\r\n", False, id="a hundred thousand headers"),
        pytest.param(b"", True, id="nothing"),
        pytest.param(b"\0" * 5000, True, id="zeros"),
        pytest.param(HEAD + b"Content-Type: text/plain; charset=klingon\r\n\r\nh\xe9llo", True, id="unknown charset"),
        pytest.param(HEAD + b"Content-Type: text/plain; charset*=x''y\r\n\r\nh", True, id="broken parameter"),
        pytest.param(HEAD + b"To: " + b"a@b.c, " * 30_000 + b"\r\n\r\n", True, id="many recipients"),
        pytest.param(HEAD + b"References: " + b"<a@b> " * 30_000 + b"\r\n\r\n", True, id="many references"),
        pytest.param(b"From: " + b"(" * 100_000 + b"\r\n\r\n", True, id="comments in each other"),
        pytest.param(b"Subject: " + b"=?utf-8?q?a?= " * 15_000 + b"\r\n\r\n", True, id="encoded words"),
        pytest.param(HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 190_000, True, id="boxes in boxes"),
        pytest.param(HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 900_000, True, id="a page of brackets"),
        pytest.param(HEAD + b"Content-Type: text/html\r\n\r\n" + b"<p " * 300_000, True, id="tags without end"),
    ],
)
def test_no_mail_takes_long_or_raises(raw: bytes, readable: bool) -> None:
    begun = time.thread_time()
    mail = read(raw)
    assert time.thread_time() - begun < SECONDS
    assert mail.readable is readable
    if not readable:
        (whole,) = mail.attachments
        assert (whole.name, whole.content) == (UNREADABLE, raw)


def test_a_mail_that_cannot_be_read_still_says_who_wrote_it() -> None:
    mail = read(nested(1000))
    assert (mail.sender, mail.subject, mail.text) == ("anna@customer.test", "Help", "")


@given(st.binary(max_size=3000))
def test_no_bytes_raise(raw: bytes) -> None:
    read(raw)
    read(HEAD + b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n" + raw)
    read(b"From: " + raw.replace(b"\n", b"") + b"\r\nContent-Type: text/html\r\n\r\n" + raw)


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.exe", "a.exe"),
        ("report\u202efdp.exe", "reportfdp.exe"),
        ("a\r\nb.txt", "ab.txt"),
        (".", "file"),
        ("", "file"),
        (".htaccess", "htaccess"),
        ("x" * 300 + ".pdf", "x" * 109 + ".pdf"),
        ('<img src="x">.png', "_img src=_x__.png"),
        ("счёт 7.pdf", "счёт 7.pdf"),
    ],
)
def test_a_file_s_name_leads_nowhere(given_name: str, name: str) -> None:
    assert file_name(given_name) == name


def test_too_many_files_come_as_the_mail_they_were_in() -> None:
    mail = EmailMessage()
    mail.set_content("look")
    for number in range(MOST_ATTACHMENTS + 5):
        mail.add_attachment(b"x", maintype="image", subtype="png", filename=f"{number}.png")
    found = read(mail.as_bytes())
    assert len(found.attachments) == MOST_ATTACHMENTS + 1
    assert found.attachments[-1].name == "whole.eml"


def test_a_text_without_end_is_shown_in_part_and_attached_whole() -> None:
    found = read(HEAD + b"\r\n" + b"word " * LONGEST_TEXT)
    assert len(found.text) == LONGEST_TEXT
    assert [one.name for one in found.attachments] == ["text.txt"]


def test_an_identifier_in_an_encoded_word_is_found() -> None:
    """Python's own library folds long ones so."""
    mail = EmailMessage()
    mail["References"] = mail["In-Reply-To"] = f"<{'c28.' + 'x' * 80}@centre.test>"
    assert read(mail.as_bytes()).references == (f"<{'c28.' + 'x' * 80}@centre.test>",)


def test_lines_that_turn_the_reading_direction_stay_text() -> None:
    assert "\x1b" not in read(HEAD + b"\r\n\x1b[31mred\x00").text


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='data:text/html,x'>x</a>",
    "<a href='  jAvAsCrIpT:alert(1)'>x</a>",
    "<p style='position:fixed;inset:0'>x</p>",
    "<p id=app class=panel onclick=alert(1)>x</p>",
    "<form action=//evil><input name=password></form>",
    "<iframe src=//evil></iframe><object data=//evil></object><embed src=//evil>",
    "<link rel=stylesheet href=//evil><meta http-equiv=refresh content='0;url=//evil'><base href=//evil>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<video src=//evil autoplay></video><audio src=//evil></audio><input type=image src=//evil>",
    "<template><script>alert(1)</script></template><noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]


@pytest.mark.parametrize("page", HOSTILE)
def test_nothing_of_a_page_runs_loads_or_leaves_its_box(page: str) -> None:
    clean = email_html.cleaned(page).lower()
    for trace in (
        "<script",
        "<img",
        "<svg",
        "<iframe",
        "<form",
        "<input",
        "<style",
        "<link",
        "<meta",
        "<base",
        "<object",
    ):
        assert trace not in clean
    for trace in (" on", "javascript:", "data:", "style=", "class=", "id=", "src=", "alert"):
        assert trace not in clean.replace("alert(1)&gt;", "")


def test_links_lead_out_without_telling_where_from() -> None:
    clean = email_html.cleaned('<a href="https://example.com/a?b=c" onclick=x target=_self rel=opener>x</a>')
    assert clean == (
        '<a href="https://example.com/a?b=c" target="_blank" rel="noopener noreferrer nofollow">x</a>'
    ) or set(clean[3:].split(">")[0].split()) == {
        'href="https://example.com/a?b=c"', 'target="_blank"', 'rel="noopener', "noreferrer", 'nofollow"'
    }  # fmt: skip


@pytest.mark.parametrize("to", ["/#/call?number=x", "/api/v1/me", "//evil.example", "?a", "#x", "x/y", "\\\\evil"])
def test_no_link_leads_to_where_the_page_stands(to: str) -> None:
    assert "href" not in email_html.cleaned(f'<a href="{to}">x</a>')


def test_a_page_too_deep_to_be_cleaned_is_shown_as_text() -> None:
    assert email_html.cleaned("<div>" * 10_000 + "words") == ""
    assert "words" in email_html.plain("<div>" * 10_000 + "words")


def test_a_header_alone_is_read_for_a_mail_that_was_too_large() -> None:
    mail = email_reading.read_header(HEAD)
    assert (mail.sender, mail.attachments) == ("anna@customer.test", ())


def test_nothing_in_a_text_turns_the_words_around_it() -> None:
    mail = read(HEAD + "\r\nPay to \u202eGNP.lib\u202c and 👨‍👩‍👧 \u2066now\u2069".encode())
    assert mail.text == "Pay to GNP.lib and 👨‍👩‍👧 now"
