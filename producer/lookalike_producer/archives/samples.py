"""Puts members of the same key together, while they pass: the images, and what stands beside them."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from lookalike.reading.archives.member import Member
from lookalike_producer.archives.sidecar import SIDECARS, Sidecars, split

#: Keys that wait for further members, and bytes of their sidecars: a sidecar that comes later than so many other keys
#: after its image is not found.
MOST_WAITING = 1000
MOST_BYTES = 8 * 2**20

#: The content of a sidecar that the listing did not give, None if it cannot be read.
ReadSidecar = Callable[[Member], bytes | None]


@dataclass
class Sample:
    """The members of one key: those that may be images, and the sidecars."""

    images: list[Member] = field(default_factory=list)
    sidecars: Sidecars = field(default_factory=Sidecars)


def wanted(name: str, size_bytes: int) -> bool:
    """Whether a member is a sidecar."""
    return split(name)[1] in SIDECARS


def samples(members: Iterable[Member], read: ReadSidecar) -> Iterator[Sample]:
    """The members by key, in the order of their first members. Whoever stops early gets what was complete."""
    waiting: OrderedDict[str, Sample] = OrderedDict()
    held = 0
    for member in members:
        key, extension = split(member.name)
        sample = waiting.get(key)
        if sample is None:
            sample = waiting[key] = Sample()
        if extension not in SIDECARS:
            sample.images.append(member)
        elif member.fault is None:
            held -= sample.sidecars.bytes
            content = member.sidecar if member.sidecar is not None else read(member)
            sample.sidecars.add(extension, content, member.size_bytes)
            held += sample.sidecars.bytes
        while len(waiting) > MOST_WAITING or held > MOST_BYTES or len(sample.images) >= MOST_WAITING:
            _, oldest = waiting.popitem(last=False)
            held -= oldest.sidecars.bytes
            yield oldest
            if oldest is sample:
                break
    yield from waiting.values()
