"""Reads the numbers of a JPEG XL codestream (ISO 18181-1, annex B), the least significant bit first."""


class Bits:
    """`at`: the offset of the next bit."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def take(self, count: int) -> int:
        """At most 32 bits. Raises ValueError behind the end."""
        found = self.peek(count)
        self.at += count
        if self.at > 8 * len(self.data):
            raise ValueError("truncated codestream")
        return found

    def skip(self, count: int) -> None:
        self.at += count

    def peek(self, count: int) -> int:
        """The same without going on; zeros stand behind the end."""
        first = self.at >> 3
        return int.from_bytes(self.data[first : first + 5], "little") >> (self.at & 7) & ((1 << count) - 1)

    def choice(self, *distributions: tuple[int, int]) -> int:
        """A number by one of four distributions: what is added, and how many bits follow (B.2.2)."""
        base, count = distributions[self.take(2)]
        return base + self.take(count)

    def enumerated(self) -> int:
        """B.2.5."""
        return self.choice((0, 0), (1, 0), (2, 4), (18, 6))

    def long(self) -> int:
        """A number of up to 64 bits (B.2.4)."""
        kind = self.take(2)
        if kind < 3:
            return 0 if kind == 0 else 1 + self.take(4) if kind == 1 else 17 + self.take(8)
        value, shift = self.take(12), 12
        while self.take(1):
            if shift == 60:
                return value | self.take(4) << shift
            value |= self.take(8) << shift
            shift += 8
        return value

    def align(self) -> None:
        self.at = -(-self.at // 8) * 8

    def skip_extensions(self) -> None:
        """B.3."""
        extensions = self.long()
        self.skip(sum([self.long() for number in range(64) if extensions >> number & 1]))
