"""Why, in words for people: sentences in English and Russian from an explained offer, or from a contact that waits.

Sentences name people and queues as `Names` says; times are told as spans, so no time zone is needed. Pure. Called by
`cti why` and by the web.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from cti.domain.audit.hitch import Hitch, Wait
from cti.domain.audit.supposing import Change, Supposed
from cti.domain.audit.why import Candidate, Missed, Offer, Story
from cti.domain.audit.words import MEDIA, NOUNS, TEXTS
from cti.domain.facts import OUT_OF_ORDER, Terms, Why
from cti.domain.ids import AgentId, ContactId, Milliseconds, QueueId, SiteId, SkillId
from cti.domain.queue import PRIORITY_POINT_MS

LANGUAGES: Final = ("en", "ru")


class Naming(Protocol):
    """How things are called; by their ids, when nothing better is known."""

    def agent(self, agent_id: AgentId) -> str: ...

    def queue(self, queue_id: QueueId) -> str: ...

    def is_hidden(self, queue_id: QueueId) -> bool: ...

    def skill(self, skill_id: SkillId) -> str: ...

    def site(self, site_id: SiteId) -> str: ...


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id; an id that is not there stands for itself."""

    agents: Mapping[AgentId, str] = field(default_factory=dict)
    queues: Mapping[QueueId, str] = field(default_factory=dict)
    skills: Mapping[SkillId, str] = field(default_factory=dict)
    sites: Mapping[SiteId, str] = field(default_factory=dict)
    hidden: frozenset[QueueId] = frozenset()
    """Queues of projects that the reader may not see: their contacts are told without id and queue."""

    def agent(self, agent_id: AgentId) -> str:
        """The person's name."""
        return self.agents.get(agent_id, agent_id)

    def queue(self, queue_id: QueueId) -> str:
        """The queue's title."""
        return self.queues.get(queue_id, queue_id)

    def is_hidden(self, queue_id: QueueId) -> bool:
        """Whether it is another project's, and none of the reader's business."""
        return queue_id in self.hidden

    def skill(self, skill_id: SkillId) -> str:
        """The skill's title."""
        return self.skills.get(skill_id, skill_id)

    def site(self, site_id: SiteId) -> str:
        """The site's title."""
        return self.sites.get(site_id, site_id)


def of_offer(offer: Offer, names: Naming, language: str = "en") -> tuple[str, ...]:
    """The offer in sentences: who got it and why, out of how many, by which score, and how it ended."""
    say = _Voice(names, language)
    return (
        say.chosen(offer),
        say.counts(offer.why),
        say.score(offer),
        *([say.outcome(offer)] if offer.outcome is not None else []),
        *([] if offer.agrees else [say.text("disagrees")]),
    )


def of_changes(offer: Offer, names: Naming, language: str = "en") -> tuple[str, ...]:
    """What would have given the contact to somebody else, a sentence each; empty when nothing simple would."""
    say = _Voice(names, language)
    return tuple(say.change(change) for change in offer.changes)


def of_missed(story: Story, names: Naming, language: str = "en") -> tuple[str, ...]:
    """Which offers went by the contact, and what it lacked."""
    say = _Voice(names, language)
    return tuple(say.missed(missed, story.arrived_ms) for missed in story.missed)


def of_wait(wait: Wait, names: Naming, language: str = "en") -> tuple[str, ...]:
    """Why the contact waits still."""
    say = _Voice(names, language)
    found = [say.hitch(wait), say.text("wait_counts", members=wait.members, able=wait.able, ready=wait.ready)]
    if wait.ahead:
        found.append(say.text("ahead", n=wait.ahead))
    if wait.next_step_ms is not None and wait.next_step_ms > wait.at_ms:
        found.append(say.text("next_step", span=say.span(wait.next_step_ms - wait.at_ms)))
    return tuple(found)


def of_terms(terms: Terms, language: str = "en") -> tuple[tuple[str, str, Milliseconds], ...]:
    """The score's terms that count: key, word, ms."""
    say = _Voice(Names(), language)
    return tuple((key, say.text(f"term_{key}"), ms) for key, ms in _parts(terms))


def span(ms: Milliseconds, language: str = "en") -> str:
    """A span in words: 0.4 s, 12 s, 3 min 5 s, 2 h 10 min."""
    return _Voice(Names(), language).span(ms)


def candidate_heads(language: str = "en") -> tuple[str, ...]:
    """The heads of a table of candidates: mark, agent, stage, fit, load, idle, what kept him from it."""
    say = _Voice(Names(), language)
    return ("", *(say.text(f"head_{key}") for key in ("agent", "ring", "fit", "load", "idle", "obstacle")))


def obstacle(candidate: Candidate, language: str = "en") -> str:
    """What kept him from it; that he was preferred, if he was."""
    say = _Voice(Names(), language)
    if candidate.obstacle is not None:
        return say.text(f"obstacle_{candidate.obstacle.value}")
    return say.text("is_preferred") if candidate.preferred else ""


def _parts(terms: Terms) -> list[tuple[str, Milliseconds]]:
    parts = [
        ("seniority", terms.seniority_ms),
        ("priority", terms.priority_ms),
        ("tier", terms.tier_ms),
        ("urgency", terms.urgency_ms),
    ]
    return [(key, ms) for key, ms in parts if ms]


class _Voice:
    """One language."""

    def __init__(self, names: Naming, language: str) -> None:
        self._names = names
        self._at = 1 if language == "ru" else 0

    def text(self, key: str, **values: object) -> str:
        return TEXTS[key][self._at].format(**values)

    def span(self, ms: Milliseconds) -> str:
        h, m, s = ("ч", "мин", "с") if self._at else ("h", "min", "s")
        if ms < 0:
            return f"−{self.span(-ms)}"
        if ms < 10_000 and ms % 1000:
            tenths = max(1, ms // 100)
            return f"{tenths / 10:g} {s}".replace(".", "," if self._at else ".")
        seconds = ms // 1000
        if seconds < 60:
            return f"{seconds} {s}"
        if seconds < 3600:
            return f"{seconds // 60} {m} {seconds % 60} {s}" if seconds % 60 else f"{seconds // 60} {m}"
        minutes = seconds // 60
        return f"{minutes // 60} {h} {minutes % 60} {m}" if minutes % 60 else f"{minutes // 60} {h}"

    def number(self, n: int, noun: str) -> str:
        """The number with its noun in the right form."""
        forms = NOUNS[noun][self._at]
        if not self._at:
            return f"{n} {forms[0] if n == 1 else forms[1]}"
        if n % 10 == 1 and n % 100 != 11:
            return f"{n} {forms[0]}"
        few = n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14)
        return f"{n} {forms[1] if few else forms[2]}"

    # -- an offer ------------------------------------------------------------------------------------------------------

    def chosen(self, offer: Offer) -> str:
        return self.text(
            "chosen" if offer.waited_ms >= 100 else "chosen_at_once",
            agent=self._names.agent(offer.agent_id),
            medium=MEDIA[offer.medium][self._at],
            queue=self._names.queue(offer.queue_id),
            wait=self.span(offer.waited_ms),
            reason=self._reason(offer),
        )

    def _reason(self, offer: Offer) -> str:
        if offer.why.rule in OUT_OF_ORDER:
            return self.text(f"rule_{offer.why.rule}")
        able = [each for each in offer.candidates if each.obstacle is None]
        winner = next((each for each in able if each.agent_id == offer.agent_id), None)
        others = [each for each in able if each.agent_id != offer.agent_id]
        if winner is None:
            return self.text("rule_unknown", rule=offer.why.rule)
        if offer.why.rule == "preferred" or (winner.preferred and not (others and others[0].preferred)):
            return self.text("rule_preferred")
        if not others:
            return self.text("rule_only_one")
        return self._against(winner, others[0])

    def _against(self, winner: Candidate, other: Candidate) -> str:
        name = self._names.agent(other.agent_id)
        if winner.preferred != other.preferred:
            return self.text("rule_preferred")
        if winner.ring != other.ring:
            return self.text("rule_inner_ring", other=name, ring=other.ring or 0)
        if winner.fit != other.fit:
            return self.text("rule_best_fit", other=name, fit=winner.fit, theirs=other.fit)
        if winner.load != other.load:
            return self.text("rule_least_load", other=name, load=winner.load, theirs=other.load)
        if winner.idle_ms != other.idle_ms:
            idle, theirs = self.span(winner.idle_ms), self.span(other.idle_ms)
            return self.text("rule_longest_idle", other=name, idle=idle, theirs=theirs)
        return self.text("rule_lowest_id", other=name)

    def counts(self, why: Why) -> str:
        total = why.capable + why.other_project + why.other_site + why.lacks_skill
        lacking = [
            self.text(key, n=n)
            for key, n in (
                ("other_project", why.other_project),
                ("other_site", why.other_site),
                ("lacks_skill", why.lacks_skill),
            )
            if n
        ]
        return self.text("counts", total=total, capable=why.capable, ready=why.ready, free=why.free) + (
            f" {self.text('counts_lacking', parts=', '.join(lacking))}" if lacking else ""
        )

    def score(self, offer: Offer) -> str:
        parts = [
            self.text(f"sum_{key}", span=self.span(ms), points=self.number(abs(ms) // PRIORITY_POINT_MS, "point"))
            for key, ms in _parts(offer.terms)
        ]
        if len(parts) == 1 and offer.terms.seniority_ms:
            parts = []
        total = offer.terms.seniority_ms + offer.terms.priority_ms + offer.terms.tier_ms + offer.terms.urgency_ms
        sum_ = self.text("score_parts", parts=", ".join(parts)) if parts else ""
        sentence = self.text("score", total=self.span(total), parts=sum_)
        if offer.terms.strict:
            sentence += f" {self.text('strict')}"
        if offer.rivals:
            rival = offer.rivals[0]
            gap = self.span(max(0, offer.why.score_ms - rival.score_ms))
            key = "rival_not_strict" if offer.terms.strict and not rival.terms.strict else "rival"
            sentence += f" {self.text(key, other=self._other(rival.contact_id, rival.queue_id), gap=gap)}"
        elif offer.why.rival is None:
            sentence += f" {self.text('no_rival')}"
        return sentence

    def _other(self, contact_id: ContactId, queue_id: QueueId) -> str:
        """Another contact, as far as the reader may know of it."""
        if self._names.is_hidden(queue_id):
            return self.text("hidden")
        return self.text("other", contact=contact_id, queue=self._names.queue(queue_id))

    def outcome(self, offer: Offer) -> str:
        assert offer.outcome is not None
        after = self.span(max(0, (offer.ended_ms or offer.at_ms) - offer.at_ms))
        return self.text(f"outcome_{offer.outcome.value}", after=after, agent=self._names.agent(offer.agent_id))

    def change(self, change: Change) -> str:
        skill = self._names.skill(change.skill_id) if change.skill_id is not None else ""
        return self.text(
            f"had_{change.supposed.value}",
            agent=self._names.agent(change.agent_id),
            skill=skill,
            levels=self.number(change.amount, "level"),
            amount=change.amount,
            span=self.span(change.amount) if change.supposed is Supposed.IDLE else "",
        )

    def missed(self, missed: Missed, arrived_ms: Milliseconds) -> str:
        wishes: list[str] = []
        if missed.points is not None:
            wishes.append(self.text("with_points", points=self.number(missed.points, "point_more")))
        if missed.earlier_ms is not None:
            wishes.append(self.text("with_earlier", span=self.span(missed.earlier_ms)))
        return self.text(
            "missed" if wishes else "missed_hopeless",
            wait=self.span(missed.at_ms - arrived_ms),
            agent=self._names.agent(missed.agent_id),
            other=self._other(missed.contact_id, missed.queue_id),
            wishes=self.text("or").join(wishes),
        )

    # -- a contact that waits ------------------------------------------------------------------------------------------

    def hitch(self, wait: Wait) -> str:
        left = self.span(max(0, (wait.until_ms or wait.at_ms) - wait.at_ms))
        kept = wait.hitch is Hitch.HELD or (wait.kept_for and wait.hitch in (Hitch.ALL_BUSY, Hitch.NOBODY_READY))
        return self.text(
            f"waits_{Hitch.HELD.value if kept else wait.hitch.value}",
            waited=self.span(wait.at_ms - wait.since_ms),
            left=left,
            agents=self._people(wait.kept_for),
            asked=wait.asked or "—",
            sites=", ".join(map(self._names.site, wait.sites)),
        )

    def _people(self, agents: Iterable[AgentId]) -> str:
        return ", ".join(map(self._names.agent, agents))


def contact_line(story: Story, names: Naming, language: str = "en", *, result: str | None = None) -> str:
    """What kind of contact it is, and how it stands; `result` is what its disposition is called."""
    say = _Voice(names, language)
    state = "closed" if story.closed is not None else "waiting" if story.wait is not None else "in_hand"
    return say.text(
        f"line_{state}",
        contact=story.contact_id,
        medium=MEDIA[story.medium][say._at],
        queue=names.queue(story.queue_id),
        code=result or story.closed or "",
    )


def passed_line(story: Story, language: str = "en") -> str:
    """How many offers went by it; "" for none."""
    say = _Voice(Names(), language)
    return say.text("passed_by", times=say.number(story.passed_by, "time")) if story.passed_by else ""
