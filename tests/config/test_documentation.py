"""The examples of docs/centre-file.md are what the reader takes: each is read in the demo's centre."""

from pathlib import Path

import pytest

from cti import config
from tests.config.centres import DEMO

PAGE = Path(__file__).parents[2] / "docs" / "centre-file.md"


def examples() -> list[str]:
    """The indented blocks of the page, their indent taken off."""
    blocks: list[list[str]] = [[]]
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            blocks[-1].append(line[4:])
        elif line.strip() and blocks[-1]:
            blocks.append([])
    return ["\n".join(block) for block in blocks if block]


def beginning(words: str) -> str:
    (found,) = [block for block in examples() if block.startswith(words)]
    return found


def indented(block: str, by: int) -> str:
    return "\n".join(" " * by + line for line in block.splitlines())


def demo_replacing(section: str, until: str, block: str) -> str:
    """The demo's text with all from the line `section` up to the line `until` replaced."""
    before, rest = DEMO.read_text(encoding="utf-8").split(f"\n{section}", 1)
    return f"{before}\n{block}\n{until}{rest.split(f'{chr(10)}{until}', 1)[1]}"


def with_names(text: str) -> str:
    """What the examples name besides the demo's own."""
    for section, added in (
        ("sites", "omsk: {name: {en: Omsk, ru: Омск}, tz: Asia/Omsk}"),
        ("skills", "billing: {en: Billing, ru: Счета}"),
        ("queues", "follow_up: {name: {en: Lost, ru: Потерянные}, project: telecom}"),
        ("prompts", "leave_a_message: {en: Speak., ru: Говорите.}"),
    ):
        text = text.replace(f"\n{section}:\n", f"\n{section}:\n  {added}\n", 1)
    return text.replace("\nqueues:\n", f"\n{beginning('destinations:')}\nqueues:\n", 1)


@pytest.mark.parametrize(
    ("opening", "besides"),
    [
        ("weights_percent:", ""),
        ("steps:", "callback: true\nsites: [moscow]\n"),
        ("callback:", ""),
        ("prefer:", ""),
    ],
)
def test_what_a_queue_may_say_is_read(opening: str, besides: str) -> None:
    queue = f"name: {{en: Probe, ru: Проба}}\nproject: telecom\n{besides}{beginning(opening)}"
    text = with_names(DEMO.read_text(encoding="utf-8"))
    text = text.replace("\nqueues:\n", f"\nqueues:\n  probe:\n{indented(queue, 4)}\n", 1)
    assert "probe" in config.parse(text, file="centre.yaml").queues


def test_whole_queues_are_read() -> None:
    support = beginning("queues:").removeprefix("queues:\n")
    assert (
        "technical and"
        in config.parse(with_names(demo_replacing("  support:\n    name", "  mail:\n", support)), file="centre.yaml")
        .queues["support"]
        .requires
    )
    mail = indented(beginning("mail:\n  name:"), 2)
    centre = config.parse(with_names(demo_replacing("  mail:\n", "  reception:\n    name", mail)), file="centre.yaml")
    assert centre.queues["mail"].steps[0].priority == 5


def test_the_tiers_are_read() -> None:
    text = demo_replacing("tiers:", "trunks:", beginning("tiers:").replace("level: 3", "level: 4"))
    assert config.parse(text, file="centre.yaml").tiers["gold"].level == 4


def test_the_callback_pages_are_read() -> None:
    for page in ("centre-file.md", "callback.md"):
        text = (PAGE.parent / page).read_text(encoding="utf-8")
        lines = text[text.index("    callback_pages:") :].splitlines()
        block = "\n".join(line[4:] for line in lines[: lines.index("")])
        centre = config.parse(demo_replacing("callback_pages:", "goodbye: goodbye", block), file="centre.yaml")
        assert centre.callback_pages["shop"].queue == "sales"


def test_the_crm_is_read() -> None:
    text = DEMO.read_text(encoding="utf-8") + f"\n{beginning('crm:')}\n"
    assert config.parse(text, file="centre.yaml").crm["billing"].project == "telecom"


def test_the_example_of_the_crm_s_own_page_is_read() -> None:
    page = (PAGE.parent / "crm.md").read_text(encoding="utf-8")
    block = "\n".join(line[4:] for line in page.splitlines() if line.startswith("    "))
    centre = config.parse(f"{DEMO.read_text(encoding='utf-8')}\n{block}\n", file="centre.yaml")
    assert centre.crm["billing"].oauth2 is not None


def test_the_capacity_profile_is_read() -> None:
    text = demo_replacing("capacities:", "goodbye: goodbye", beginning("capacities:"))
    assert config.parse(text, file="centre.yaml").default_capacity == "desk"


def test_every_ready_profile_is_named_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [key for key in config.load(DEMO).capacities if f"| `{key}` |" not in page] == ["desk"]


def test_the_chats_are_read() -> None:
    text = demo_replacing("chats:", "goodbye: goodbye", beginning("chats:"))
    assert config.parse(text, file="centre.yaml").chats["shop"].origins == ("https://shop.example.com",)


def test_mail_and_ready_answers_are_read() -> None:
    text = DEMO.read_text(encoding="utf-8")
    ready = text[text.index("\nanswers:") : text.index("\ngoodbye:")]
    blocks = "\n".join([beginning("mail:\n  support:"), beginning("answers:")])
    centre = config.parse(text.replace(ready, f"\n{blocks}\n"), file="centre.yaml")
    assert centre.mail["support"].imap.done == "Triune"
    assert list(centre.answers) == ["restart"]


def test_the_calling_section_is_read() -> None:
    text = demo_replacing("calling:", "campaigns:", beginning("calling:"))
    calling = config.parse(text, file="centre.yaml").calling
    assert calling.agent.denied == ("+7940",)
    assert calling.projects["telecom"].queue == "support"
