"""Templates over data from outside: what they can say, and that they can neither leave their box nor fill it."""

import pytest

from cti.errors import RuleError
from cti.sandbox import Expression, Template

DATA = {"items": [{"name": "Anna", "n": 2}], "name": "{{ 7*7 }}", "keys": "k", "long": "a" * 15_000}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{ data.items[0].name | upper }}", "ANNA"),
        ("{{ data.keys }}", "k"),
        ("{{ data.name }}", "{{ 7*7 }}"),
        ("{{ data.no.such.thing }}", ""),
        ("{{ data.items | map(attribute='name') | join(', ') }}", "Anna"),
        ("{% if data.items %}some{% else %}none{% endif %}", "some"),
        ("{{ data.items[0].n * 100 }}", "200"),
        ("{{ data.nothing | default('-') }}", "-"),
    ],
)
def test_values_are_read_by_their_keys(text: str, made: str) -> None:
    assert Template(text, lenient=True).render(data=DATA) == made


def test_an_expression_is_a_value() -> None:
    assert Expression("data.items").value(data=DATA) == DATA["items"]
    assert Expression("data.no.thing").value(data=DATA) is None


def test_a_value_in_an_address_cannot_change_its_shape() -> None:
    assert (
        Template("https://x/{{ a }}?q={{ a }}", url=True).render(a="../&b=#")
        == "https://x/..%2F%26b%3D%23?q=..%2F%26b%3D%23"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in data %}{% endfor %}",
        "{{ data.items.append(1) }}",
        "{{ range(9) }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ 'a' | center(999999999) }}",
        "{% include 'x' %}",
        "{% macro a() %}{% endmacro %}",
        "{% set a = 'aa' %}" + "{% set a = a ~ a %}" * 40,
        "{% set a %}aa{% endset %}{{ a }}",
        "{% with a = 99 %}{{ a * a }}{% endwith %}",
        "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
        "{{ a }" * 500,
        "x" * 2001,
        "{{ unclosed",
    ],
)
def test_what_could_run_long_is_refused_unread(text: str) -> None:
    with pytest.raises(RuleError):
        Template(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 999999999 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ data.long | replace('a', 'aaaa') }}",
        "{{ (data.long, data.long) | join }}",
        "{{ data.long ~ data.long }}",
        "{{ data.items | map('center', 999999999) | list }}",
        "{{ data | tojson(indent=999999999) }}",
        "{{ data.items | map('tojson', indent=999999999) | list }}",
        "{{ 5 | round(-999999999) }}",
        "{{ data.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ data.items[0].n / 0 }}",
        "{{ nothing }}",
    ],
)
def test_what_would_leave_or_fill_the_box_is_a_rule_s_breach(text: str) -> None:
    with pytest.raises(RuleError):
        Template(text).render(data=DATA)
