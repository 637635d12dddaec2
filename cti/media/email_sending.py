"""One mail to one SMTP server (RFC 5321), with a deadline, and what its answer means for another try."""

import asyncio
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

import aiosmtplib

from cti.config import Smtp, Tls
from cti.errors import OutsideError
from cti.media.email_mailbox import trusting

SEND_S: Final = 60.0
_WIRE: Final = SMTP.clone(max_line_length=400)
"""A Message-ID on a second line is not known again everywhere; lines may have 998 characters (RFC 5322, 2.1.1)."""
_AUTH_REFUSED: Final = (530, 534, 535, 538)


class Sender:
    """A way to the server; a connection is made for each mail."""

    def __init__(self, server: Smtp, *, secret: Callable[[str], str]) -> None:
        """`secret` reads one by its name, blocking; it raises ConfigError."""
        self._server, self._secret = server, secret

    async def send(self, mail: EmailMessage, *, sender: str, recipient: str) -> None:
        """Returns when the server has taken the mail upon itself.

        Raises OutsideError: transient when another try may help (also when the server's answer was lost: it may have
        the mail already); else with the server's reason. Raises ConfigError without a secret or authority.
        """
        server = self._server
        tls = await asyncio.to_thread(trusting, server.ca) if server.tls is not Tls.NONE else None
        password = await asyncio.to_thread(self._secret, server.secret) if server.secret is not None else None
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls is Tls.IMPLICIT,
            start_tls=server.tls is Tls.STARTTLS,
            tls_context=tls,
            timeout=SEND_S / 2,
        )
        try:
            written = await asyncio.to_thread(mail.as_bytes, policy=_WIRE)  # seconds, with large files
            async with asyncio.timeout(SEND_S):
                async with client:
                    if server.user is not None and password is not None:
                        await client.login(server.user, password)
                    await client.sendmail(sender, [recipient], written)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refused(error.recipients[0]) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(error) from error
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, TimeoutError) as error:
            raise OutsideError(f"The mail server {server.host} cannot be reached.", retry_after_s=5.0) from error
        except ValueError as error:
            raise OutsideError("The mail has an address that cannot be written to.", transient=False) from error


def _refused(error: aiosmtplib.SMTPResponseException) -> OutsideError:
    said = " ".join(str(error.message).split())[:300]
    if error.code in _AUTH_REFUSED:
        return OutsideError(f"The mail server does not let us in: {error.code} {said}", retry_after_s=30.0)
    return OutsideError(f"The mail server says: {error.code} {said}", transient=error.code < 500, retry_after_s=30.0)
