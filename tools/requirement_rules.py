# SPDX-License-Identifier: MIT
"""What tools/requirements knows: the list, the notes, citations in C files, and the page."""

import os
import re
from collections import Counter
from dataclasses import dataclass, field

import csource

LABEL = r'(?:MUST|SHLD|REC|MAY)-\d+'
GAP = r'(?:\s|//)+'  # a citation may go on in the next line of a comment
BRACKET = re.compile(rf'\[(?=[^\]\[]*\b(?:MUST|SHLD|REC|MAY)-\d)([^\]\[]*)\]')
FORM = re.compile(rf'{LABEL}(?:,{GAP}{LABEL})*\Z')
BEFORE = re.compile(rf'RFC{GAP}9293{GAP}§([\d.]+)(?:{GAP})?\Z|[,;]{GAP}§([\d.]+)(?:{GAP})?\Z')
ROW = re.compile(r'^ +X\((\w+),', re.M)
STATUSES = ('not applicable', 'deviates', 'not yet', 'done')
LEVELS = {'MUST': 'MUST', 'SHLD': 'SHOULD', 'REC': 'RECOMMENDED', 'MAY': 'MAY'}


@dataclass
class Requirement:
    label: str
    sections: list
    text: str
    code: list = field(default_factory=list)
    tests: list = field(default_factory=list)
    note: tuple = None  # status, reason

    @property
    def status(self):
        if self.note:
            return self.note[0]
        return 'done and tested' if self.code and self.tests else 'done' if self.code else 'silent'


def place_of(source, text, line):
    """The function that a line lies in, or whose comment it is; or the row of a list; or ''."""
    lines = text.splitlines()
    rows = ROW.findall('\n'.join(lines[max(line - 2, 0):line]))
    if rows:
        return rows[-1]
    below = line
    while below <= len(lines) and lines[below - 1].lstrip().startswith('//'):
        below += 1
    for f in source.functions:
        end = f.line + f.body.count('\n') + 2
        if f.line <= line <= end or (below != line and below <= f.line <= below + 2):
            return f.name
    return ''


class Table:
    def __init__(self, requirements, notes):
        self.errors = []
        self.rows = {}
        self.headings = {}  # label -> the heading before it
        self.read_requirements(requirements)
        self.read_notes(notes)

    def read_requirements(self, text):
        heading = ''
        for line in text.splitlines():
            if line.startswith('# ') and '|' not in line:
                heading = line[2:]
            parts = [part.strip() for part in line.split('|')]
            if line.startswith('#') or len(parts) != 3:
                continue
            label, sections, words = parts
            if label in self.rows:
                self.errors.append(f'tools/rfc9293.txt: {label} stands there twice')
            self.rows[label] = Requirement(label, sections.split(', '), words)
            self.headings[label] = heading

    def read_notes(self, text):
        for number, line in enumerate(text.splitlines(), 1):
            where = f'tools/rfc9293-notes.txt:{number}'
            if not line.strip() or line.startswith('#'):
                continue
            parts = [part.strip() for part in line.split(':', 2)]
            if len(parts) != 3 or parts[1] not in STATUSES or not parts[2]:
                self.errors.append(f'{where}: the form is label: status: reason')
            elif parts[0] not in self.rows:
                self.errors.append(f'{where}: there is no {parts[0]}')
            elif self.rows[parts[0]].note:
                self.errors.append(f'{where}: {parts[0]} stands there twice')
            else:
                self.rows[parts[0]].note = (parts[1], parts[2])

    def scan(self, texts):
        for path, text in sorted(texts.items()):
            if not BRACKET.search(text):
                continue
            source = csource.parse(text)
            for match in BRACKET.finditer(text):
                self.take(path, text, source, match)

    def take(self, path, text, source, match):
        line = csource.line_of(text, match.start())
        is_comment = '//' in text[text.rfind('\n', 0, match.start()) + 1:match.start()]
        if path.startswith('tests/') and not is_comment:
            return  # a string that a test expects says nothing of what it tests
        where = f'{path}:{line}'
        before = BEFORE.search(text, max(match.start() - 120, 0), match.start())
        if not FORM.match(match.group(1)):
            self.errors.append(f'{where}: {match.group()}: labels stand apart by commas')
        elif before is None:
            self.errors.append(f'{where}: {match.group()}: the form is RFC 9293 §3.5 [MUST-10]')
        else:
            section = (before.group(1) or before.group(2)).rstrip('.')
            for label in re.findall(LABEL, match.group(1)):
                self.cite(path, where, label, section, place_of(source, text, line))

    def cite(self, path, where, label, section, place):
        row = self.rows.get(label)
        if row is None:
            self.errors.append(f'{where}: there is no {label}')
            return
        if section not in row.sections:
            self.errors.append(f'{where}: {label} stands in §{", §".join(row.sections)}, '
                               f'not §{section}')
            return
        is_test = path.startswith('tests/')
        if is_test and not place:
            self.errors.append(f'{where}: {label} belongs to no test')
            return
        places = row.tests if is_test else row.code
        if (path, place) not in places:
            places.append((path, place))

    def problems(self):
        found = list(self.errors)
        for row in self.rows.values():
            if row.note is None and row.tests and not row.code:
                found.append(f'{row.label}: tested, but no code says that it does it')
            elif row.status == 'silent':
                found.append(f'{row.label}: no code, no test, and no note says why')
            elif row.note and row.note[0] == 'not yet' and row.code and row.tests:
                found.append(f'{row.label}: the note says not yet, but it is done and tested')
            elif row.note and row.note[0] == 'done' and row.code and row.tests:
                found.append(f'{row.label}: done and tested: it needs no note')
        return found

    def open_musts(self):
        """A MUST is open when it is not yet done, or done and shown by no test."""
        return [f'{row.label}: open: {row.status}' for row in self.rows.values()
                if row.label.startswith('MUST') and (row.status in ('not yet', 'silent')
                                                     or row.status == 'done' and not row.note)]

    def summary(self):
        counts = Counter(row.status for row in self.rows.values())
        order = ('done and tested', 'done', *STATUSES[:3], 'silent')
        return ', '.join(f'{counts[status]} {status}' for status in order if counts[status])

    def page(self):
        lines = ['# RFC 9293, requirement by requirement', '',
                 'Every requirement that RFC 9293 numbers, in the order of its Appendix B and in '
                 'this project\'s words. Code and tests are found by the labels they carry; '
                 '`tools/requirements` writes this page, and `./check requirements` holds that '
                 'it is current, that each label stands in the section it is quoted with, and '
                 'that no MUST is open.', '', self.counts(), '']
        heading = None
        for label, row in self.rows.items():
            if self.headings[label] != heading:
                heading = self.headings[label]
                lines += ['', f'## {heading}', '', '| | § | requirement | code | tests | status |',
                          '|---|---|---|---|---|---|']
            lines.append(f'| {label} | {", ".join(row.sections)} | {row.text} | '
                         f'{places(row.code)} | {places(row.tests)} | {status_of(row)} |')
        return '\n'.join(lines) + '\n'

    def counts(self):
        parts = []
        for kind, name in LEVELS.items():
            rows = [row for row in self.rows.values() if row.label.startswith(kind + '-')]
            counts = Counter(row.status for row in rows)
            order = ('done and tested', 'done', *STATUSES[:3], 'silent')
            said = ', '.join(f'{counts[s]} {s}' for s in order if counts[s])
            if rows:
                parts.append(f'* {len(rows)} {name}: {said}')
        return '\n'.join(parts)


def places(found):
    by_file = {}
    for path, place in found:
        by_file.setdefault(os.path.basename(path), []).append(place)
    return '<br>'.join(f'{name}: ' + ', '.join(p for p in names if p) if any(names) else name
                       for name, names in by_file.items())


def status_of(row):
    if row.note is None:
        return row.status
    if row.note[0] == 'not applicable':
        return f'not applicable: {row.note[1]}'
    return f'{row.note[0]}: {row.note[1]}'
