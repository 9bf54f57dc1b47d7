"""Reads numbers of a few bits, the most significant first."""


class Bits:
    """Zeros stand behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else self._value << -self._left
        return shifted & ((1 << count) - 1)

    def take_variable(self) -> int:
        """A number that as many zeros precede as bits follow its first one: `uvlc` of AV1, `ue(v)` of HEVC."""
        zeros = 0
        while zeros < 32 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)
