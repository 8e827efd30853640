# SPDX-License-Identifier: MIT
"""Lists of planted bugs (tests/mutation/*.mutants), and sources in which all of them stand.

A list is made of entries, each with a blank line before it:

    [7-mss-of-nothing] tcp/tcp_open.c clamp_mss
    What goes wrong, in a line.
    - the text as it stands in that function, where it must be found exactly once
    + the text in its place

Between the words of the text may be any space, so a line here can be several in the source. Text
that ends with a semicolon or a brace is a statement and becomes an if, all other is an expression
and becomes a choice; an empty `+` plants nothing where a statement was. An identifier that begins
with a number belongs to that row of docs/history.md. Entries may lie inside of one another.
"""

import glob
import os
import re
import shutil
from dataclasses import dataclass

import csource

HEAD = re.compile(r'\[([a-z0-9-]+)\] (\S+) (\w+)$')
WORD = re.compile(r'\w+|\S')
SPACE = r'(?:\s|//[^\n]*\n)*'

SWITCH_HEADER = '''// Which planted bug is on: the environment says so.
#ifndef MUTANT_H
#define MUTANT_H
extern int mutant_chosen;
extern unsigned char *mutant_reached;
static inline _Bool mutant_is(int number)
{
    mutant_reached[number] = 1;
    return mutant_chosen == number;
}
#endif
'''

# SYNFIN_MUTANT is the number of the one that is on. SYNFIN_MUTANT_REACH names a file that gets the
# numbers of those whose place was reached, by the program or by a child of it.
SWITCH_SOURCE = '''#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
enum { MUTANTS = %d };
static unsigned char unshared[MUTANTS];
int mutant_chosen;
unsigned char *mutant_reached = unshared;
__attribute__((constructor)) static void choose(void)
{
    const char *chosen = getenv("SYNFIN_MUTANT");
    mutant_chosen = chosen != NULL ? atoi(chosen) : 0;
    if (getenv("SYNFIN_MUTANT_REACH") != NULL) {
        mutant_reached = mmap(NULL, MUTANTS, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    }
}
__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("SYNFIN_MUTANT_REACH");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    for (size_t i = 0; file != NULL && i < MUTANTS; i++) {
        if (mutant_reached[i]) {
            fprintf(file, "%%zu\\n", i);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}
'''


class Fault(Exception):
    """A list that does not fit the sources."""


@dataclass
class Mutant:
    name: str
    path: str  # below src/
    function: str
    what: str
    original: str
    planted: str
    where: str  # FILE:LINE of the list
    number: int = 0

    @property
    def row(self):
        match = re.match(r'(\d+)-', self.name)
        return int(match.group(1)) if match else None

    @property
    def is_statement(self):
        return self.original[-1] in ';}'

    def choice(self, original):
        condition = f'mutant_is({self.number})'
        if self.is_statement:
            return f'if ({condition}) {{ {self.planted} }} else {{ {original} }}'
        return f'({condition} ? ({self.planted}) : ({original}))'


def read_entry(lines, where):
    head = HEAD.match(lines[0])
    texts = {sign: '\n'.join(line[2:] for line in lines[2:] if line[0] == sign).strip()
             for sign in '-+'}
    if not head or len(lines) < 4 or any(line[0] not in '-+' for line in lines[2:]):
        raise Fault(f'{where}: no entry: {lines[0]}')
    if not texts['-'] or texts['-'] == texts['+']:
        raise Fault(f'{where}: {head.group(1)} changes nothing')
    return Mutant(head.group(1), head.group(2), head.group(3), lines[1], texts['-'], texts['+'],
                  where)


def read_lists(root):
    mutants = []
    for path in sorted(glob.glob(os.path.join(root, 'tests/mutation/*.mutants'))):
        with open(path, encoding='utf-8') as file:
            lines = file.read().split('\n') + ['']
        entry, first = [], 0
        for number, line in enumerate(lines, 1):
            if line.startswith('#'):
                continue
            if line.strip():
                first = first if entry else number
                entry.append(line.rstrip())
            elif entry:
                mutants.append(read_entry(entry, f'{os.path.relpath(path, root)}:{first}'))
                entry = []
    seen = {}
    for number, mutant in enumerate(mutants, 1):
        mutant.number = number
        if seen.setdefault(mutant.name, mutant) is not mutant:
            raise Fault(f'{mutant.where}: {mutant.name} stands also in {seen[mutant.name].where}')
    return mutants


def body_of(text, name):
    """Where the body of the function begins and ends; None when it is not there."""
    source = csource.parse(text)
    for function in source.functions:
        if function.name == name:
            line = sum(len(part) + 1 for part in text.split('\n')[:function.line - 1])
            begin = source.code.index('{', line) + 1
            return begin, begin + len(function.body)
    return None


def find(mutant, text):
    body = body_of(text, mutant.function)
    if body is None:
        raise Fault(f'{mutant.where}: src/{mutant.path} has no function {mutant.function}')
    words = [re.escape(word) for word in WORD.findall(mutant.original)]
    pattern = SPACE.join(words)
    if re.match(r'\w', mutant.original):
        pattern = r'(?<!\w)' + pattern
    if re.search(r'\w$', mutant.original):
        pattern += r'(?!\w)'
    places = list(re.compile(pattern).finditer(text, *body))
    if len(places) != 1:
        raise Fault(f'{mutant.where}: {mutant.name}: {len(places)} places of "{mutant.original}" '
                    f'in {mutant.function} of src/{mutant.path}')
    return places[0].start(), places[0].end(), mutant


def render(text, begin, end, places):
    """text[begin:end] with the choices of all places in it, which are sorted from outside in."""
    out, at = [], begin
    while places:
        first, last, mutant = places.pop(0)
        inner = []
        while places and places[0][0] < last:
            inner.append(places.pop(0))
            if inner[-1][1] > last:
                raise Fault(f'{inner[-1][2].where}: overlaps {mutant.name}')
        out += [text[at:first], mutant.choice(render(text, first, last, inner))]
        at = last
    return ''.join(out) + text[at:end]


def plant(text, mutants):
    places, faults = [], []
    for mutant in mutants:
        try:
            places.append(find(mutant, text))
        except Fault as fault:
            faults.append(str(fault))
    if faults:
        raise Fault('\n'.join(faults))
    places.sort(key=lambda place: (place[0], -place[1], place[2].number))
    return render(text, 0, len(text), places)


def write_if_new(path, text):
    """Leaves a file that is the same alone, so that nothing is compiled for nothing."""
    if os.path.exists(path):
        with open(path, encoding='utf-8') as file:
            if file.read() == text:
                return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def source_files(root):
    for folder, _, names in os.walk(os.path.join(root, 'src')):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), os.path.join(root, 'src'))


def write_tree(root, target, mutants):
    """A tree that builds like this one, whose src/ is a copy with every bug planted."""
    by_path = {}
    for mutant in mutants:
        by_path.setdefault(mutant.path, []).append(mutant)
    wanted = {'base/mutant.h': SWITCH_HEADER,
              'base/mutant.c': SWITCH_SOURCE % (len(mutants) + 1)}
    faults = []
    for path in source_files(root):
        with open(os.path.join(root, 'src', path), encoding='utf-8') as file:
            try:
                wanted[path] = plant(file.read(), by_path.pop(path, []))
            except Fault as fault:
                faults.append(str(fault))
    faults += [f'{left[0].where}: there is no src/{path}' for path, left in by_path.items()]
    if faults:
        raise Fault('\n'.join(faults))
    for path, text in wanted.items():
        write_if_new(os.path.join(target, 'src', path), text)
    for path in set(source_files(target)) - set(wanted):
        os.unlink(os.path.join(target, 'src', path))
    for name in ('CMakeLists.txt', 'cmake', 'include', 'tests', 'docs', 'tools', 'man', 'examples',
                 'README.md', 'models', 'benchmarks'):
        link = os.path.join(target, name)
        if os.path.islink(link):
            os.unlink(link)
        elif os.path.isdir(link):
            shutil.rmtree(link)
        os.symlink(os.path.join(root, name), link)
