"""A list as a CSV file: encodings, columns, and what is wrong with single lines."""

import pytest

from cti.campaigns import rows
from cti.campaigns.rows import Column, Reader
from cti.config.calling import Calling, Reach
from cti.errors import RuleError
from cti.ports.campaigns import NewLead, RowError
from tests.campaigns.centres import with_campaigns


def read(text: str, **named: str) -> list[NewLead | RowError]:
    head = rows.heading(text, named={Column(column): title for column, title in named.items()})
    return list(Reader(with_campaigns()).leads(text, head))


def lead(text: str, **named: str) -> NewLead:
    (found,) = read(text, **named)
    assert isinstance(found, NewLead), found
    return found


def code(fields: str, heading: str = "number,name,language,tier,not_before,zone") -> str:
    (found,) = read(f"{heading}\n{fields}\n")
    assert isinstance(found, RowError), found
    return found.code


def test_a_number_is_read_in_the_centres_country_and_kept_in_full() -> None:
    found = lead("number,name\n8 (916) 555-00-01,Anna\n")
    assert (found.number, found.name, found.line) == ("+79165550001", "Anna", 2)


def test_further_columns_are_kept_under_their_titles() -> None:
    found = lead("number;Contract;Plan;\n+79165550001;42;;x\n")
    assert dict(found.columns) == {"Contract": "42"}


def test_the_admin_may_name_the_columns() -> None:
    found = lead("Telefon,Kunde\n+79165550001,Anna\n", number="Telefon", name="kunde")
    assert (found.number, found.name, dict(found.columns)) == ("+79165550001", "Anna", {})


def test_russian_headings_in_windows_1251_are_read() -> None:
    text, encoding = rows.decoded("Телефон;Имя\n+79165550001;Анна\n".encode("cp1251"))
    assert encoding == "cp1251"
    assert lead(text).name == "Анна"


def test_utf_8_with_a_mark_is_read_without_it() -> None:
    text, encoding = rows.decoded("number\n+79165550001\n".encode("utf-8-sig"))
    assert (encoding, lead(text).number) == ("utf-8", "+79165550001")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(RuleError, match="is no text"):
        rows.decoded(b"PK\x03\x04\0\0\0\xff")


@pytest.mark.parametrize("text", ["name\nAnna\n", "", "\n\n"])
def test_a_list_without_a_column_of_numbers_is_refused(text: str) -> None:
    with pytest.raises(RuleError, match="--column number="):
        read(text)


def test_a_first_line_without_end_is_refused_unread() -> None:
    with pytest.raises(RuleError, match="too long"):
        read("number" + "," * 5_000_000)


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(RuleError, match="'Tel'; it has: number, name"):
        read("number,name\n1,2\n", number="Tel")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (",Anna", "no_number"),
        ("12,Anna", "bad_number"),
        ("hello", "bad_number"),
        ("+78095550001", "may_not_be_called"),  # costs extra
        ("+4915112345678", "may_not_be_called"),  # abroad
        ("+78005550101", "may_not_be_called"),  # the centre's own
        ("+79165550001,Anna,fr", "bad_language"),
        ("+79165550001,Anna,en,11", "bad_tier"),
        ("+79165550001,Anna,en,-1", "bad_tier"),
        ("+79165550001,Anna,en,1,tomorrow", "bad_time"),
        ("+79165550001,Anna,en,1,,Europe/Atlantis", "bad_zone"),
        ("+79165550001," + "x" * 201, "too_long"),
        ("+79165550001,a,en,1,,Europe/Moscow,more", "broken"),
    ],
)
def test_a_line_that_cannot_be_entered_says_why(fields: str, problem: str) -> None:
    assert code(fields) == problem


def test_the_second_line_with_a_number_is_told_with_its_own_line() -> None:
    first, second, third = read("number\n+79165550001\n\n8 916 555 00 01\n+79165550002\n")
    assert isinstance(first, NewLead)
    assert isinstance(second, RowError)
    assert (second.line, second.code) == (4, "twice")
    assert isinstance(third, NewLead)


def test_a_line_that_was_refused_does_not_make_the_next_one_a_double() -> None:
    first, second = read("number,tier\n+79165550001,99\n+79165550001,1\n")
    assert isinstance(first, RowError)
    assert isinstance(second, NewLead)


def test_a_time_without_a_zone_is_the_callees_own() -> None:
    found = lead("number,not_before,zone\n+79165550001,2030-01-01T09:00,Asia/Omsk\n")
    assert found.zones == ("Asia/Omsk",)
    assert found.not_before_ms == 1_893_466_800_000  # 03:00 UTC


def test_a_number_whose_place_is_open_has_every_zone_of_its_country() -> None:
    assert "Asia/Kamchatka" in lead("number\n+78001234567\n").zones
    assert lead("number\n+74951234567\n").zones == ("Europe/Moscow",)


def test_what_supervisors_may_not_call_is_in_no_list() -> None:
    centre = with_campaigns().model_copy(update={"calling": Calling(agent=Reach(denied=("+7916555",)))})
    (found,) = Reader(centre).leads("number\n+79165550001\n", rows.heading("number\n", named={}))
    assert isinstance(found, RowError)
    assert found.code == "may_not_be_called"


def test_no_error_tells_a_number() -> None:
    (found,) = read("number\n+4915112345678\n")
    assert isinstance(found, RowError)
    assert not any(letter.isdigit() for letter in found.sentence)
