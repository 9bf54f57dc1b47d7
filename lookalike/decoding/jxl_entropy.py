"""Entropy coding of a JPEG XL codestream (ISO 18181-1, annex C), for the few kilobytes of an ICC profile.

Codes are prefix codes as in Brotli (RFC 7932, 3), or asymmetric numeral systems.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from lookalike.decoding.jxl_bits import Bits

_PRECISION = 12
_TOTAL = 1 << _PRECISION
_FINAL = 0x130000
_WINDOW = 1 << 20
_REPEAT = 13
#: Logarithms of counts -> their prefix code: its length, its bits.
_LOGARITHMS = dict(
    enumerate(
        zip((5, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 6, 7, 7), (17, 11, 15, 3, 9, 7, 4, 2, 5, 6, 0, 33, 1, 65), strict=True)
    )
)
#: Order of the lengths of code lengths, and their own prefix code: length, bits (RFC 7932, 3.5).
_ORDER = (1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_LENGTHS = {0: (2, 0), 4: (2, 1), 3: (2, 2), 2: (3, 3), 1: (4, 7), 5: (4, 15)}
_LONGEST = 15

Symbol = Callable[[Bits], int]


class Numbers(NamedTuple):
    """How a symbol and some bits make a number (C.3.3)."""

    split: int
    high: int
    low: int

    def read(self, bits: Bits, symbol: int) -> int:
        if symbol < 1 << self.split:
            return symbol
        count = self.split - self.high - self.low + ((symbol - (1 << self.split)) >> self.high + self.low)
        if count > 31:
            raise ValueError("a number is too large")
        low = symbol & (1 << self.low) - 1
        high = 1 << self.high | symbol >> self.low & (1 << self.high) - 1
        return (high << count | bits.take(count)) << self.low | low


@dataclass
class Ans:
    """The state of asymmetric numeral systems, which all codes of a stream share."""

    state: int = 0


class Reader:
    """Reads numbers in one of several contexts."""

    def __init__(self, bits: Bits, contexts: int, *, may_copy: bool = True) -> None:
        self._bits = bits
        self._least = self._shortest = 0
        self._lengths = Numbers(0, 0, 0)
        self.copies = bool(bits.take(1))
        if self.copies:
            if not may_copy:
                raise ValueError("a map of contexts with copies")
            self._least = bits.choice((224, 0), (512, 0), (4096, 0), (8, 15))
            self._shortest = bits.choice((3, 0), (4, 0), (5, 2), (9, 8))
            self._lengths = _numbers(bits, 8)
            contexts += 1
        self._clusters = _clusters(bits, contexts)
        count = max(self._clusters) + 1
        is_prefix = bits.take(1)
        size = _LONGEST if is_prefix else 5 + bits.take(2)
        self._numbers = [_numbers(bits, size) for _ in range(count)]
        self._ans = Ans()
        if is_prefix:
            sizes = [1 + _variable(bits, 4) for _ in range(count)]
            self._symbols = [_prefix_code(bits, alphabet) for alphabet in sizes]
        else:
            self._symbols = [_ans_code(_counts(bits), size, self._ans) for _ in range(count)]
            self._ans.state = bits.take(32)
        self._is_prefix = bool(is_prefix)
        self._window: list[int] = []
        self._copied, self._left = 0, 0

    def number(self, context: int) -> int:
        if self._left:
            value = self._window[self._copied]
            self._copied, self._left = self._copied + 1, self._left - 1
            self._window.append(value)
            return value
        cluster = self._clusters[context]
        symbol = self._symbols[cluster](self._bits)
        if self.copies and symbol >= self._least:
            self._left = self._lengths.read(self._bits, symbol - self._least) + self._shortest
            cluster = self._clusters[-1]
            distance = 1 + self._numbers[cluster].read(self._bits, self._symbols[cluster](self._bits))
            self._copied = len(self._window) - min(distance, len(self._window), _WINDOW)
            if not self._window:
                raise ValueError("a copy of nothing")
            return self.number(context)
        value = self._numbers[cluster].read(self._bits, symbol)
        if self.copies:
            self._window.append(value)
        return value

    def check_end(self) -> None:
        """Raises ValueError if the stream did not end as one that is read rightly."""
        if not self._is_prefix and self._ans.state != _FINAL:
            raise ValueError("an entropy-coded stream ends wrongly")


def _variable(bits: Bits, size: int) -> int:
    """A number with the count of its bits before it."""
    if not bits.take(1):
        return 0
    count = bits.take(3 if size == 3 else 4)
    return (1 << count) + bits.take(count)


def _numbers(bits: Bits, size: int) -> Numbers:
    split = bits.take(size.bit_length())
    if split == size:
        return Numbers(split, 0, 0)
    high = bits.take(split.bit_length())
    if high > split:
        raise ValueError("a wrong form of numbers")
    low = bits.take((split - high).bit_length())
    if high + low > split:
        raise ValueError("a wrong form of numbers")
    return Numbers(split, high, low)


def _clusters(bits: Bits, contexts: int) -> list[int]:
    """Which code each context has (C.2.2)."""
    if contexts == 1:
        return [0]
    if bits.take(1):
        size = bits.take(2)
        return [bits.take(size) for _ in range(contexts)]
    moves = bits.take(1)
    reader = Reader(bits, 1, may_copy=contexts > 2)
    found = [reader.number(0) for _ in range(contexts)]
    reader.check_end()
    if max(found) > 255:
        raise ValueError("too many codes")
    if not moves:
        return found
    order, moved = list(range(256)), []
    for place in found:
        value = order.pop(place)
        order.insert(0, value)
        moved.append(value)
    return moved


def _counts(bits: Bits) -> list[int]:
    """How often each symbol comes, of _TOTAL (C.2.5)."""
    if bits.take(1):
        symbols = [_variable(bits, 3) for _ in range(1 + bits.take(1))]
        counts = [0] * (max(symbols) + 1)
        counts[symbols[0]] = bits.take(_PRECISION) if len(symbols) == 2 else _TOTAL
        if len(symbols) == 2:
            if symbols[0] == symbols[1]:
                raise ValueError("a symbol stands twice")
            counts[symbols[1]] = _TOTAL - counts[symbols[0]]
        return counts
    if bits.take(1):
        size = 1 + _variable(bits, 3)
        return [_TOTAL // size + (number < _TOTAL % size) for number in range(size)]
    return _counts_by_logarithm(bits)


def _counts_by_logarithm(bits: Bits) -> list[int]:
    length = 0
    while length < 3 and bits.take(1):
        length += 1
    shift = bits.take(length) + (1 << length) - 1
    size = 3 + _variable(bits, 3)
    logarithms: list[int] = []
    repeats: dict[int, int] = {}
    while len(logarithms) < size:
        logarithm = _by_prefix(bits, _LOGARITHMS)
        if logarithm == _REPEAT:
            repeats[len(logarithms)] = 4 + _variable(bits, 3)
            logarithms += [-1] * repeats[len(logarithms)]
        else:
            logarithms.append(logarithm)
    if len(logarithms) > size or max(logarithms) < 0:
        raise ValueError("wrong counts of symbols")
    rest = logarithms.index(max(logarithms))
    counts: list[int] = []
    for place, logarithm in enumerate(logarithms):
        if logarithm < 0:
            # A run repeats the count before it.
            counts.append(counts[-1] if counts else 0)
        elif place == rest or logarithm < 2:
            counts.append(1 if logarithm == 1 and place != rest else 0)
        else:
            exact = max(0, min(logarithm - 1, shift - ((_PRECISION - logarithm + 1) >> 1)))
            counts.append((1 << logarithm - 1) + (bits.take(exact) << logarithm - 1 - exact))
    counts[rest] = _TOTAL - sum(counts)
    if counts[rest] <= 0:
        raise ValueError("wrong counts of symbols")
    return counts


def _by_prefix(bits: Bits, codes: dict[int, tuple[int, int]]) -> int:
    for symbol, (length, code) in codes.items():
        if bits.peek(length) == code:
            bits.take(length)
            return symbol
    raise ValueError("no such code")


def _ans_code(counts: list[int], size: int, ans: Ans) -> Symbol:
    """Of an alias table (C.2.6)."""
    table, width = 1 << size, _TOTAL >> size
    if len(counts) > table:
        raise ValueError("too many symbols")
    counts = counts + [0] * (table - len(counts))
    cutoffs, others, offsets = list(counts), list(range(table)), [0] * table
    if _TOTAL in counts:
        only = counts.index(_TOTAL)
        cutoffs, others = [0] * table, [only] * table
        offsets = [width * place for place in range(table)]
    else:
        above = [place for place in range(table) if cutoffs[place] > width]
        below = [place for place in range(table) if cutoffs[place] < width]
        while above:
            over, under = above.pop(), below.pop()
            cutoffs[over] -= width - cutoffs[under]
            others[under], offsets[under] = over, cutoffs[over]
            if cutoffs[over] != width:
                (below if cutoffs[over] < width else above).append(over)
        offsets = [offset - cutoff for offset, cutoff in zip(offsets, cutoffs, strict=True)]

    def symbol(bits: Bits) -> int:
        place, at = divmod(ans.state & _TOTAL - 1, width)
        found, offset = (others[place], offsets[place] + at) if at >= cutoffs[place] else (place, at)
        ans.state = counts[found] * (ans.state >> _PRECISION) + offset
        if ans.state < 1 << 16:
            ans.state = ans.state << 16 | bits.take(16)
        return found

    return symbol


def _prefix_code(bits: Bits, alphabet: int) -> Symbol:
    if alphabet == 1:
        return lambda bits: 0
    kind = bits.take(2)
    lengths = _simple_lengths(bits, alphabet) if kind == 1 else _lengths(bits, alphabet, kind)
    if len(lengths) == 1:
        only = next(iter(lengths))
        return lambda bits: only
    codes = _canonical(lengths)

    def symbol(bits: Bits) -> int:
        code = 0
        for length in range(1, _LONGEST + 1):
            code = code << 1 | bits.take(1)
            if (length, code) in codes:
                return codes[length, code]
        raise ValueError("no such code")

    return symbol


def _canonical(lengths: dict[int, int]) -> dict[tuple[int, int], int]:
    """Length and code -> symbol."""
    codes: dict[tuple[int, int], int] = {}
    code = last = 0
    for symbol in sorted(lengths, key=lambda symbol: (lengths[symbol], symbol)):
        code <<= lengths[symbol] - last
        last = lengths[symbol]
        codes[last, code] = symbol
        code += 1
    return codes


def _simple_lengths(bits: Bits, alphabet: int) -> dict[int, int]:
    """RFC 7932, 3.4."""
    count = 1 + bits.take(2)
    symbols = [bits.take((alphabet - 1).bit_length()) for _ in range(count)]
    if len(set(symbols)) < count or max(symbols) >= alphabet:
        raise ValueError("wrong symbols of a code")
    lengths = {1: (0,), 2: (1, 1), 3: (1, 2, 2), 4: (2, 2, 2, 2)}[count]
    if count == 4 and bits.take(1):
        lengths = (1, 2, 3, 3)
    return dict(zip(symbols, lengths, strict=True))


def _lengths(bits: Bits, alphabet: int, skipped: int) -> dict[int, int]:
    """RFC 7932, 3.5."""
    outer: dict[int, int] = {}
    space = 32
    for symbol in _ORDER[skipped:]:
        length = _by_prefix(bits, _LENGTHS)
        if length:
            outer[symbol] = length
            space -= 32 >> length
        if space <= 0:
            break
    if space and len(outer) != 1:
        raise ValueError("wrong lengths of codes")
    codes = _canonical(outer)
    only = next(iter(outer)) if len(outer) == 1 else None
    return _repeated(bits, alphabet, lambda: _by_canonical(bits, codes) if only is None else only)


def _repeated(bits: Bits, alphabet: int, read: Callable[[], int]) -> dict[int, int]:
    """Symbol -> the length of its code; 16 repeats the length before it, 17 stands for symbols without a code."""
    found: dict[int, int] = {}
    at, space, before, repeated, repeats = 0, 1 << _LONGEST, 8, 0, 0
    while at < alphabet and space > 0:
        symbol = read()
        if symbol < 16:
            length, count, repeats = symbol, 1, 0
            before = symbol or before
        else:
            length = before if symbol == 16 else 0
            old = repeats if repeated == length else 0
            repeated, extra = length, symbol - 14
            repeats = ((old - 2) << extra if old else 0) + bits.take(extra) + 3
            count = repeats - old
        if at + count > alphabet:
            raise ValueError("wrong lengths of codes")
        if length:
            found |= dict.fromkeys(range(at, at + count), length)
            space -= count << _LONGEST - length
        at += count
    if space:
        raise ValueError("wrong lengths of codes")
    return found


def _by_canonical(bits: Bits, codes: dict[tuple[int, int], int]) -> int:
    code = 0
    for length in range(1, 6):
        code = code << 1 | bits.take(1)
        if (length, code) in codes:
            return codes[length, code]
    raise ValueError("no such code")
