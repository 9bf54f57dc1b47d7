"""What a `WebPlace` may do, and for how long."""

from dataclasses import dataclass

from lookalike.reading.pace import LEAST_BYTES_PER_S, PACE_S
from lookalike.release import RELEASE
from lookalike.roots import Roots

#: Sites address us in robots.txt by the name before the slash.
USER_AGENT = f"lookalike/{RELEASE} (image search; robots.txt name: lookalike)"


@dataclass(frozen=True)
class WebOptions:
    """`max_bytes` is for one image. A host has `connect_s` for a connection, and `answer_s` from the request to the end
    of its header; in each `pace_s` it must send `least_bytes_per_s`. A call of `WebPlace` for an image ends after
    `total_s`, with all redirects that it follows. An ingest calls it again for each host that an image is redirected
    to: there, each host has `total_s`."""

    roots: Roots
    max_bytes: int
    user_agent: str = USER_AGENT
    respects_robots: bool = True
    ca_certs: str | None = None
    connect_s: float = 10.0
    answer_s: float = 20.0
    total_s: float = 120.0
    pace_s: float = PACE_S
    least_bytes_per_s: float = LEAST_BYTES_PER_S

    @property
    def robot(self) -> str:
        """The name by which robots.txt and X-Robots-Tag may address us: the first word of the user agent."""
        return self.user_agent.partition("/")[0].partition(" ")[0].lower()
