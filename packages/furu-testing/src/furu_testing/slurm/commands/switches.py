"""Command-line options, read as GNU getopt reads them."""

from __future__ import annotations


class Wrong(Exception):
    """The command line makes no sense; the text says why, in getopt's words."""


class Switches:
    """The options of one command: those with a value, those without, and the letters that stand for them."""

    def __init__(self, valued: str, plain: str, letters: str) -> None:
        self.valued = frozenset(valued.split())
        self.plain = frozenset(plain.split())
        self.letters = {pair[0]: pair[2:] for pair in letters.split()}

    def read(self, arguments: list[str], *, anywhere: bool) -> tuple[dict[str, str], list[str]]:
        """Return the options by long name and the other arguments; an option that is repeated has a comma in between.

        With ``anywhere`` options may follow other arguments.  Raises Wrong.
        """
        found: dict[str, str] = {}
        others: list[str] = []
        left = list(arguments)
        while left:
            word = left.pop(0)
            if word == "--":
                return found, others + left
            if word.startswith("--"):
                self._long(word[2:], left, found)
            elif word.startswith("-") and word != "-":
                self._short(word[1:], left, found)
            elif anywhere:
                others.append(word)
            else:
                return found, [word, *left]
        return found, others

    def _long(self, word: str, left: list[str], found: dict[str, str]) -> None:
        typed, equals, value = word.partition("=")
        name = self._whole(typed, word)
        if name in self.valued and not equals:
            if not left:
                raise Wrong(f"option '--{name}' requires an argument")
            value = left.pop(0)
        _add(found, name, value)

    def _short(self, word: str, left: list[str], found: dict[str, str]) -> None:
        while word:
            letter, word = word[0], word[1:]
            if letter not in self.letters:
                raise Wrong(f"invalid option -- '{letter}'")
            name = self.letters[letter]
            if name in self.plain:
                _add(found, name, "")
                continue
            if not word and not left:
                raise Wrong(f"option requires an argument -- '{letter}'")
            _add(found, name, word or left.pop(0))
            return

    def _whole(self, typed: str, word: str) -> str:
        """Return the option that a name, which may be cut short, stands for."""
        known = self.valued | self.plain
        fitting = sorted(name for name in known if name.startswith(typed))
        if typed in known or len(fitting) == 1:
            return typed if typed in known else fitting[0]
        if not fitting:
            raise Wrong(f"unrecognized option '--{typed}'")
        possible = " ".join(f"'--{name}'" for name in fitting)
        raise Wrong(f"option '--{word}' is ambiguous; possibilities: {possible}")


def _add(found: dict[str, str], name: str, value: str) -> None:
    found[name] = f"{found[name]},{value}" if found.get(name) and value else value
