"""All mail accounts of the centre file at work: for each a connector, an intake and an outbox. Made by `cti.wiring`.

An account added or changed in the centre file is read with the engine's next start; a secret, with the next sign-in.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from cti.config import Centre
from cti.domain.ids import ContactId, Medium, Milliseconds, ProjectId
from cti.media.email_account import EmailAccount
from cti.media.email_reference import References
from cti.media.intake import Intake
from cti.media.outbox import Outbox
from cti.metrics import Metrics
from cti.ports import Engine
from cti.ports.media import Connector, Messages, Outgoing

Start = Callable[[str, Callable[[], Awaitable[None]]], None]
"""Starts a supervised task by its name."""


class Mailroom:
    """Mail's connectors; `start` once the engine's state stands."""

    def __init__(
        self,
        *,
        centre: Centre,
        engine: Engine,
        messages: Messages,
        secret: Callable[[str], str],
        signing_key: str,
        told: Callable[[ContactId], None],
        metrics: Metrics,
        leads: Callable[[], Awaitable[bool]],
    ) -> None:
        """`told` hears of each contact on which something was said; see `Intake`. `leads`: see `Outbox`."""
        references = References(signing_key)
        self._accounts = {
            key: EmailAccount(
                account,
                project_id=ProjectId(centre.queues[account.queue].project),
                company=centre.projects[centre.queues[account.queue].project].name,
                references=references,
                messages=messages,
                secret=secret,
                now_ms=engine.now,
            )
            for key, account in centre.mail.items()
        }
        self._outboxes = {
            name: Outbox(account, messages=messages, told=told, metrics=metrics, now=engine.now, leads=leads)
            for name, account in self._accounts.items()
        }
        self._intake = Intake(
            engine=engine,
            messages=messages,
            told=told,
            metrics=metrics,
            hold_for_ms=self._hold_for_ms,
            queued=self.queued,
        )
        metrics.gauge("triune_mail_connected", "Whether the mailbox is read", self._connected, label="account")
        metrics.gauge("triune_mail_unacknowledged", "Mails not moved yet", self._unacknowledged, label="account")
        metrics.gauge("triune_mail_ignored", "Mails that became no contact", self._ignored, label="account")

    def start(self, start: Start) -> None:
        """Begin to read and to send; `start` supervises."""
        for name, account in self._accounts.items():
            start(f"mail into {name}", partial(self._intake.run, account))
            start(f"mail out of {name}", self._outboxes[name].run)

    def queued(self, outgoing: Outgoing) -> None:
        """A message was queued: its account sends it now."""
        medium, _, rest = outgoing.key.partition(":")
        outbox = self._outboxes.get(rest.partition(":")[0])
        if medium == Medium.EMAIL and outbox is not None:
            outbox.wake()

    def _hold_for_ms(self, connector: Connector) -> Milliseconds:
        return self._accounts[connector.name].account.hold_for_s * 1000

    def _connected(self) -> dict[str, float]:
        return {name: int(account.mailbox.connected) for name, account in self._accounts.items()}

    def _unacknowledged(self) -> dict[str, float]:
        return {name: account.mailbox.unacknowledged for name, account in self._accounts.items()}

    def _ignored(self) -> dict[str, float]:
        return {name: account.ignored for name, account in self._accounts.items()}
