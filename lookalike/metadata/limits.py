"""How much metadata an index holds."""

#: Fields of an index.
MAX_FIELDS = 64
#: Integers that OpenSearch, LanceDB and JSON hold alike.
INTEGERS = range(-(2**63), 2**63)
#: Characters of one text value; more is no metadata but a document.
MAX_TEXT = 32_000
#: Characters of a keyword: OpenSearch compares at most 32,766 bytes as a whole.
MAX_KEYWORD = 8191
#: Values of a list.
MAX_VALUES = 1000
