# SPDX-License-Identifier: MIT
"""Counts lines and branches out of what gcov says, and judges them by tools/coverage.txt.

What stands in an ASSERT is no branch, and a function that only assertions call is not counted:
their other sides are bugs of ours, which no test may reach. Nor is it a branch that a switch
without `default`, which names every value of its enum, is left by a value that it does not name.
"""

import re
from dataclasses import dataclass, field

import csource

ASSERTION = re.compile(r'\bASSERT(?:_SLOW)?\s*\(')
SWITCH = re.compile(r'\bswitch\s*\(')
CALL = re.compile(r'\b(\w+)\b')  # names alone count as well: tables of functions call them


@dataclass
class Counts:
    """Of a function or a folder: how many there are, how many were reached."""
    lines: int = 0
    reached: int = 0
    branches: int = 0
    taken: int = 0
    missed: list = field(default_factory=list)  # "12" a line, "15b" a branch of a line

    def add(self, other):
        self.lines += other.lines
        self.reached += other.reached
        self.branches += other.branches
        self.taken += other.taken
        self.missed += other.missed

    def percents(self):
        return percent(self.reached, self.lines), percent(self.taken, self.branches)

    def lines_missed(self):
        return [name for name in self.missed if not name.endswith('b')]


@dataclass
class Rules:
    """tools/coverage.txt: floors of branches by folder, reasons by path:function."""
    floors: dict = field(default_factory=dict)
    reasons: dict = field(default_factory=dict)  # (number of lines, why)


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def read_rules(text):
    rules = Rules()
    for line in text.splitlines():
        words = line.split()
        if not words or words[0] == '#':
            continue
        if words[0] == 'floor':
            rules.floors[words[1]] = float(words[2])
        else:
            rules.reasons[words[0]] = (int(words[1]), ' '.join(words[2:]))
    return rules


def assertion_spans(code):
    """Where assertions stand: offsets of begin and end."""
    for match in ASSERTION.finditer(code):
        depth, end = 1, match.end()
        while depth and end < len(code):
            depth += {'(': 1, ')': -1}.get(code[end], 0)
            end += 1
        yield match.start(), end


def asserted_lines(code):
    """The numbers of the lines on which an assertion stands."""
    numbers = set()
    for start, end in assertion_spans(code):
        numbers.update(range(csource.line_of(code, start), csource.line_of(code, end) + 1))
    return numbers


def whole_switches(code):
    """The numbers of the lines on which a switch without `default` begins."""
    numbers = set()
    for match in SWITCH.finditer(code):
        at = start = code.index('{', match.end())
        depth = 0
        while at < len(code):
            depth += {'{': 1, '}': -1}.get(code[at], 0)
            at += 1
            if depth == 0:
                break
        if not re.search(r'\bdefault\s*:', code[start:at]):
            numbers.add(csource.line_of(code, match.start()))
    return numbers


def find_calls(sources):
    """path:function -> the functions that call it, None for an assertion that does."""
    homes = {}
    for path, source in sources.items():
        for function in source.functions:
            homes.setdefault(function.name, []).append((path, function.is_static))
    calls = {}
    for path, source in sources.items():
        for function in source.functions:
            spans = list(assertion_spans(function.body))
            for match in CALL.finditer(function.body):
                home = home_of(match.group(1), path, homes)
                if home:
                    asserted = any(a < match.start() < b for a, b in spans)
                    calls.setdefault(home, set()).add(
                        None if asserted else f'{path}:{function.name}')
    return calls


def home_of(name, path, homes):
    """path:function of what `name` means in a file: its own static function comes first."""
    paths = [at for at, is_static in homes.get(name, [])
             if at == path or not is_static or at.endswith('.h')]
    if not paths:
        return None
    return f'{path if path in paths else paths[0]}:{name}'


def asserting_functions(sources):
    """Parts of assertions: what only assertions and such functions call, and each x_check that
    nothing else calls."""
    calls = find_calls(sources)
    names = [f'{path}:{f.name}' for path, source in sources.items() for f in source.functions]
    asserting = {None} | {name for name in names if name.endswith('_check') and name not in calls}
    size = 0
    while size != len(asserting):
        size = len(asserting)
        asserting |= {name for name in names if calls.get(name, {name}) <= asserting}
    return asserting - {None}


def merge(reports):
    """path -> line -> (function, count, [taken]) over all objects that compiled the file."""
    files = {}
    for report in reports:
        for file in report['files']:
            lines = files.setdefault(file['file'], {})
            for line in file['lines']:
                taken = [branch['count'] > 0 for branch in line['branches']]
                name = line.get('function_name', '?')
                _, count, before = lines.get(line['line_number'], (name, 0, []))
                if len(before) == len(taken):
                    taken = [a or b for a, b in zip(before, taken)]
                lines[line['line_number']] = (name, count + line['count'], taken)
    return files


def merge_mcdc(functions):
    """(path, line) of a decision -> for each condition, whether it alone decided it."""
    decisions = {}
    for function in functions:
        for record in function['mcdc_records']:
            place = function['filenames'][record[4]], *record[:4]
            shown = record[-1]
            before = decisions.get(place, [False] * len(shown))
            decisions[place] = [a or b for a, b in zip(before, shown)]
    lines = {}
    for (path, line, *_), shown in decisions.items():
        lines.setdefault((path, line), []).extend(shown)
    return lines


def count_functions(lines, asserted, switches=()):
    """function -> Counts for one file."""
    functions = {}
    for number, (name, count, taken) in sorted(lines.items()):
        if number in asserted:
            taken = []
        if number in switches and taken and not taken[-1]:
            taken = taken[:-1]  # gcov has the value without a name last
        missed = [] if count else [str(number)]
        if count and not all(taken):
            missed = [f'{number}b']
        functions.setdefault(name, Counts()).add(
            Counts(1, int(count > 0), len(taken), sum(taken), missed))
    return functions


def sum_folders(functions):
    """src/FOLDER/file:function -> Counts becomes FOLDER -> Counts."""
    folders = {}
    for place, counts in functions.items():
        folders.setdefault(place.split('/')[1], Counts()).add(counts)
    return folders


def complaints(functions, rules):
    """What is below its floor, what is not reached without a reason, what has a reason no more."""
    found = []
    for folder, counts in sorted(sum_folders(functions).items()):
        of_branches = counts.percents()[1]
        floor = rules.floors.get(folder, 100.0)
        if of_branches < floor:
            found.append(f'src/{folder}: {of_branches:.2f} % of branches, its floor is {floor:g} %')
    for place, counts in sorted(functions.items()):
        lines = counts.lines_missed()
        if lines and place not in rules.reasons:
            found.append(f'{place}: not reached, without a reason why not: {" ".join(lines)}')
    for place, (number, reason) in sorted(rules.reasons.items()):
        if place not in functions:
            found.append(f'{place}: there is no such function: "{reason}"')
        elif len(functions[place].lines_missed()) != number:
            lines = ' '.join(functions[place].lines_missed()) or 'none'
            found.append(f'{place}: {number} lines have the reason "{reason}", '
                         f'and not reached are: {lines}')
    return found
