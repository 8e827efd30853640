# SPDX-License-Identifier: MIT
"""The rules of tools/tidy. Each yields findings; what a rule is for is said in CONTRIBUTING.md."""

import os
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

import csource

C_LINES_MAX, H_LINES_MAX, COLUMNS_MAX = 800, 250, 100
FUNCTION_LINES_MAX, PARAMETERS_MAX, NESTING_MAX = 70, 6, 4

SKIPPED_FOLDERS = {'.git', 'build', '__pycache__', 'corpus', 'node_modules'}
CODE = ('.c', '.h')
SCRIPTS = ('.py', '.sh', '.cmake')
TEXT = CODE + SCRIPTS + ('.md', '.txt', '.1', '.json', '.in', '.map', '.yml')

# Spelled in two parts, so that this file does not contain what it forbids.
UNFINISHED = re.compile(r'\b(' + '|'.join(('TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX')) + r')\b')
MACHINE_PATHS = re.compile('|'.join(('/wo' + r'rk/\w', 'bash' + '_jobs', '/ho' + r'me/\w')))
CONDITIONS = {'defined', '__cplusplus', '__GNUC__', '__clang__', '__has_attribute', '__x86_64__',
              '__i386__', '__aarch64__', '__BYTE_ORDER__', '__ORDER_LITTLE_ENDIAN__',
              '__ORDER_BIG_ENDIAN__', '__SIZEOF_INT128__', 'SYNFIN_ASSERT_SLOW'}
CITATION_WRONG = re.compile(
    r'\bRFC(?:-?\d|  +\d)|\bRFC \d+,? ?(?:[Ss]ec(?:tion|t)?\.?\s|§§|§ |§(?![\dA-Z]))|\bRFC \d+§'
    r'|\bdraft-(?:ietf|irtf)-')
REQUIREMENT = re.compile(r'\b(?:MUST|SHLD|MAY|REC)-\d+')
DEAD_CODE = re.compile(
    r'//\s*(?:[\w>.\[\]-]+\s*(?:\([^)]*\)|[-+|&]?=\s*\S.*);|return\b[^.]*;|[{}]'
    r'|#\s*(?:include|define|if|ifdef|endif)\b.*)\s*$')
BANNER = re.compile(r'(?://|/\*)\s*[-=*#~/]{4,}')


@dataclass
class Finding:
    rule: str
    path: str
    line: int
    text: str
    function: str = ''
    value: int = 1  # what was measured; findings that only are or are not count 1

    def subject(self):
        return f'{self.path}:{self.function}' if self.function else self.path


@dataclass
class Floor:
    folder: str
    number: int
    kind: str
    may: list


class Floors:
    """tools/floors.txt."""

    def __init__(self, text):
        self.floors, self.headers = [], {'core': set(), 'libc': set()}
        for line in text.splitlines():
            words = line.split('#')[0].split()
            if words and words[0] == 'floor':
                self.floors.append(Floor(words[1], int(words[2]), words[3], words[4:]))
            elif words and words[0] == 'headers':
                self.headers[words[1]].update(words[2:])
        self.headers['libc'] |= self.headers['core']

    def of(self, path):
        matches = [f for f in self.floors if path.startswith(f.folder + '/')]
        return max(matches, key=lambda f: len(f.folder), default=None)


class Tree:
    """The files of the project, read once."""

    def __init__(self, root):
        self.root = root
        self.texts, self.sources = {}, {}
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
            for name in sorted(files):
                self.add(os.path.relpath(os.path.join(folder, name), root))
        floors = os.path.join(root, 'tools/floors.txt')
        with open(floors, encoding='utf-8') as file:
            self.floors = Floors(file.read())

    def add(self, path):
        full = os.path.join(self.root, path)
        has_extension = '.' in os.path.basename(path)
        wanted = path.endswith(TEXT) or path.endswith('CMakeLists.txt')
        is_script = not has_extension and os.access(full, os.X_OK)
        if not (wanted or is_script) or not os.path.isfile(full):
            return
        with open(full, encoding='utf-8', errors='replace') as file:
            self.texts[path] = file.read()
        if path.endswith(CODE):
            self.sources[path] = csource.parse(self.texts[path])

    def is_core(self, path):
        floor = self.floors.of(path)
        return floor is not None and floor.kind == 'core'


def check_includes(tree):
    """floors: who may include whom, and core floors see no system header."""
    for path, source in tree.sources.items():
        floor = tree.floors.of(path)
        if floor is None:
            yield Finding('floors', path, 1, 'this folder is not in tools/floors.txt')
            continue
        for line, name, is_system in source.includes:
            problem = include_problem(tree, path, floor, name, is_system)
            if problem:
                yield Finding('floors', path, line, f'{name}: {problem}')


def include_problem(tree, path, floor, name, is_system):
    if name.startswith('synfin/'):
        target = 'include/' + os.path.dirname(name)
        if not is_system:
            return 'public headers are included with <>'
    elif is_system:
        allowed = floor.kind == 'os' or name in tree.floors.headers[floor.kind]
        return None if allowed else f'a system header that {floor.folder} may not include'
    elif os.path.dirname(name) and not path.startswith(('tests/', 'benchmarks/')):
        target = 'src/' + os.path.dirname(name)
    elif path.startswith('src/') or path.startswith('include/'):
        return 'internal headers are included as "folder/file.h"'
    else:
        inner = tree.floors.of('src/' + name) if os.path.dirname(name) else None
        target = inner.folder if inner else floor.folder
    if '*' in floor.may or target == floor.folder or target in floor.may:
        return None
    return f'{floor.folder} may not include {target}'


def check_functions(tree):
    for path, source in tree.sources.items():
        if not source.balanced:
            yield Finding('braces', path, 1, 'the braces do not balance')
        for f in source.functions:
            for rule, value, limit in (('function-lines', f.body_lines, FUNCTION_LINES_MAX),
                                       ('parameters', f.parameters, PARAMETERS_MAX),
                                       ('nesting', f.nesting, NESTING_MAX)):
                if value > limit:
                    yield Finding(rule, path, f.line, f'{f.name}: {value}, at most {limit}',
                                  f.name, value)


def check_names(tree):
    """Functions seen by other files carry their file's name, or are public.

    What src/x/x.h declares is the interface of the whole folder and is named x_<verb>, wherever it
    is defined; so is what src/x/x_internal.h defines.
    """
    for path, source in tree.sources.items():
        if not path.startswith('src/'):
            continue
        stem = os.path.splitext(os.path.basename(path))[0].removesuffix('_internal')
        folder = path.split('/')[1]
        interface = tree.sources.get(f'src/{folder}/{folder}.h')
        for f in source.functions:
            is_local = f.is_static and path.endswith('.c')
            named = f.name == stem or f.name.startswith((stem + '_', 'synfin_'))
            if interface and f.name.startswith(folder + '_'):
                named = named or re.search(rf'\b{f.name}\b', interface.code)
            if not is_local and not named and f.name != 'main':
                yield Finding('names', path, f.line, f'{f.name}: expected {stem}_<verb>', f.name)


def check_basenames(tree):
    seen = defaultdict(list)
    for path in tree.sources:
        if not path.startswith('examples/'):
            seen[os.path.basename(path)].append(path)
    for name, paths in seen.items():
        for path in paths[1:]:
            yield Finding('basename', path, 1, f'{name} is also {paths[0]}')


def check_core(tree):
    """What a pure core must not contain, as far as its text shows it."""
    for path, source in tree.sources.items():
        if not tree.is_core(path):
            continue
        for o in source.objects:
            if o.is_mutable:
                yield Finding('globals', path, o.line, f'{o.name} is a mutable object', o.name)
        for f in source.functions:
            if re.search(r'\bstatic\b(?!\s+(?:const\b|_?[sS]tatic_assert\b))', f.body):
                yield Finding('globals', path, f.line, f'{f.name} has a static variable', f.name)
        for match in re.finditer(r'\b(?:float|double)\b|\b\d+\.\d', source.code):
            line = csource.line_of(source.code, match.start())
            yield Finding('floats', path, line, f'{match.group()}: integers only')
        guard = re.sub(r'\W', '_', os.path.basename(path)).upper()
        for line, condition in source.conditions:
            words = set(re.findall(r'[A-Za-z_]\w*', condition)) - CONDITIONS
            if any(not word.endswith(guard) for word in words):
                yield Finding('feature-if', path, line, f'#if {condition}')


def check_file_sizes(tree):
    for path in tree.sources:
        lines = tree.texts[path].count('\n')
        limit = C_LINES_MAX if path.endswith('.c') else H_LINES_MAX
        if lines > limit:
            yield Finding('file-lines', path, 1, f'{lines} lines, at most {limit}', '', lines)


def check_heads(tree):
    for path, text in tree.texts.items():
        if path.endswith(('.md', '.json', '.txt', '.1')) and not path.endswith('CMakeLists.txt'):
            continue
        lines = text.splitlines()[:4] + [''] * 4
        if not any('SPDX-License-Identifier: MIT' in line for line in lines[:2]):
            yield Finding('spdx', path, 1, 'no SPDX line at the head')
        elif path.endswith(CODE) and not (lines[1] == '//' and lines[2].startswith('// ')):
            yield Finding('head', path, 2, 'no paragraph that says what this file is and why')


def check_lines(tree):
    for path, text in tree.texts.items():
        is_code = path.endswith(CODE + SCRIPTS) or '.' not in os.path.basename(path)
        for number, line in enumerate(text.splitlines(), 1):
            for rule, problem in line_problems(path, line, is_code):
                yield Finding(rule, path, number, problem)
        if text and not text.endswith('\n'):
            yield Finding('spaces', path, text.count('\n') + 1, 'no line end at the end')


def line_problems(path, line, is_code):
    if is_code and len(line) > COLUMNS_MAX:
        yield 'columns', f'{len(line)} columns, at most {COLUMNS_MAX}'
    if '\t' in line and os.path.basename(path) != 'Makefile':
        yield 'tab', 'a TAB'
    if line != line.rstrip():
        yield 'spaces', 'spaces at the end of the line'
    if UNFINISHED.search(line):
        yield 'unfinished', 'unfinished work belongs into an issue'
    if MACHINE_PATHS.search(line):
        yield 'machine-path', 'a path of one machine'
    if not path.endswith(('.c', '.h', '.md', '.1')):
        return
    wrong = CITATION_WRONG.search(line)
    if wrong:
        yield 'citation', f'"{wrong.group().strip()}": the form is RFC 9293 §3.5 [MUST-10]'
    if path.endswith(CODE):
        for match in REQUIREMENT.finditer(line):
            if line.rfind('[', 0, match.start()) <= line.rfind(']', 0, match.start()):
                yield 'citation', f'{match.group()} is written in brackets'


def check_comments(tree):
    for path, source in tree.sources.items():
        for line, text in source.comments:
            if DEAD_CODE.match(text):
                yield Finding('dead-code', path, line, 'commented-out code')
            if BANNER.match(text):
                yield Finding('banner', path, line, 'banner art')


RULES = (check_includes, check_functions, check_names, check_basenames, check_core,
         check_file_sizes, check_heads, check_lines, check_comments)


def findings_of(tree):
    return [finding for rule in RULES for finding in rule(tree)]


def read_ratchet(text):
    """{(rule, subject): (limit, line)} from lines `rule file[:function] limit`."""
    entries = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split('#')[0].split()
        if words:
            entries[(words[0], words[1])] = (int(words[2]), number)
    return entries


def apply_ratchet(findings, entries, ratchet_path):
    """Takes out what the ratchet allows, and adds what it allows without need."""
    measured, counted = {}, Counter()
    for f in findings:
        key = (f.rule, f.subject())
        counted[key] += 1
        measured[key] = max(measured.get(key, 0), f.value)
    result = []
    for f in findings:
        key = (f.rule, f.subject())
        if max(measured[key], counted[key]) > entries.get(key, (0, 0))[0]:
            result.append(f)
    for key, (limit, line) in entries.items():
        actual = max(measured.get(key, 0), counted[key])
        if actual < limit:
            advice = f'lower it to {actual}' if actual else 'take it out'
            result.append(Finding('ratchet', ratchet_path, line, f'{" ".join(key)}: {advice}'))
    return result
