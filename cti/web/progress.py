"""How far the apply under way has got, for pages that ask meanwhile. Used by `cti.web.template_routes`."""

import contextlib
from collections.abc import Callable, Iterator

from cti.ports.templates import StageDone


class Progress:
    """The steps of the apply under way, or of the last one."""

    def __init__(self) -> None:
        self.running = False
        self.stages: list[StageDone] = []

    @contextlib.contextmanager
    def following(self) -> Iterator[Callable[[StageDone], None]]:
        """Begin anew; what is yielded is to be told each step. One that comes while another runs is not followed."""
        if self.running:
            yield lambda _: None
            return
        self.running, self.stages = True, []
        try:
            yield self.stages.append
        finally:
            self.running = False
