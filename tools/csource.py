# SPDX-License-Identifier: MIT
"""Reads C source just well enough to measure it: comments, functions, file-scope objects.

No preprocessor is run. That is enough because the project's style keeps conditional code out of the
places that matter, and because tools/purity looks at the compiled objects afterwards.
"""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', re.M)
CPLUSPLUS = re.compile(r'^[ \t]*#\s*ifdef __cplusplus\n.*?^[ \t]*#\s*endif', re.M | re.S)
BLOCK_WORDS = {'else', 'do'}
VALUE_ENDS = set('=,({[&|?:+-')


@dataclass
class Function:
    name: str
    line: int
    is_static: bool
    parameters: int
    body_lines: int
    nesting: int
    body: str = ''


@dataclass
class Object:
    """A declaration at file scope that is neither a function, a type nor an assertion."""
    name: str
    line: int
    is_mutable: bool


@dataclass
class Source:
    code: str
    comments: list = field(default_factory=list)  # (line, text)
    includes: list = field(default_factory=list)  # (line, 'x.h', is_system)
    conditions: list = field(default_factory=list)  # (line, condition)
    functions: list = field(default_factory=list)
    objects: list = field(default_factory=list)
    balanced: bool = True


def blank(text):
    """The text with everything but its line ends turned into spaces."""
    return re.sub(r'[^\n]', ' ', text)


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def strip(text, source):
    """Blanks comments, the contents of literals, and directives."""
    def replace(match):
        token = match.group()
        if token[0] == '/':
            source.comments.append((line_of(text, match.start()), token))
            return blank(token)
        return token[0] + ' ' * (len(token) - 2) + token[0]

    code = TOKEN.sub(replace, text)
    for match in DIRECTIVE.finditer(code):
        original = text[match.start():match.end()]
        line = line_of(code, match.start())
        include = re.match(r'\s*#\s*include\s*(["<])([^">]+)', original)
        condition = re.match(r'\s*#\s*(?:if|ifdef|ifndef|elif)\b(.*)', match.group(), re.S)
        if include:
            source.includes.append((line, include.group(2), include.group(1) == '<'))
        elif condition:
            source.conditions.append((line, condition.group(1).strip()))
    code = CPLUSPLUS.sub(lambda m: blank(m.group()), code)
    return DIRECTIVE.sub(lambda m: blank(m.group()), code)


def opening_of(code, closing):
    """The offset of the parenthesis that `code[closing]` closes."""
    depth = 0
    for i in range(closing, -1, -1):
        if code[i] == ')':
            depth += 1
        elif code[i] == '(':
            depth -= 1
            if depth == 0:
                return i
    return -1


def is_block(code, brace):
    """Whether the brace opens a block of statements, not an initialiser or a type."""
    before = code[:brace].rstrip()
    if not before or before[-1] in ';{}:':
        return True
    if before[-1] in VALUE_ENDS:
        return False
    if before[-1] == ')':
        head = code[:opening_of(code, len(before) - 1)].rstrip()
        return bool(re.search(r'\w$', head)) and not re.search(r'\b(return|sizeof)$', head)
    word = re.search(r'\w+$', before)
    return word is not None and word.group() in BLOCK_WORDS


def nesting_of(body):
    deepest = 0
    stack = []
    for i, char in enumerate(body):
        if char == '{':
            stack.append(is_block(body, i))
            deepest = max(deepest, sum(stack))
        elif char == '}' and stack:
            stack.pop()
    return deepest


def split_commas(text):
    parts, depth = [''], 0
    for char in text:
        depth += char in '([{'
        depth -= char in ')]}'
        if char == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


ATTRIBUTE = re.compile(r'__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)'
                       r'|\b(?:_Alignas|alignas)\([^)]*\)')


def parse_function(head, code, start, brace, end):
    """A Function if `head` (the text before the brace) is that of a definition, else None."""
    clean = ATTRIBUTE.sub(lambda m: blank(m.group()), head).rstrip()
    if not clean.endswith(')') or '=' in clean:
        return None
    opening = opening_of(clean, len(clean) - 1)
    name = re.search(r'(\w+)\s*$', clean[:opening])
    if not name:
        return None
    parameters = split_commas(clean[opening + 1:-1])
    count = 0 if parameters == ['void'] else len(parameters)
    body = code[brace + 1:end]
    return Function(name.group(1), line_of(code, start + name.start(1)),
                    bool(re.search(r'\bstatic\b', clean)), count,
                    max(body.count('\n') - 1, 0), nesting_of(body), body)


def parse_object(statement, code, start):
    """An Object if the file-scope statement declares one, else None."""
    clean = ATTRIBUTE.sub(lambda m: blank(m.group()), statement)
    declarator = clean.split('=')[0].rstrip()
    words = declarator.split()
    if not words or words[0] in ('typedef', 'static_assert', '_Static_assert'):
        return None
    if re.fullmatch(r'\s*(struct|union|enum)(\s+\w+)?(\s*\{.*\})?\s*', clean, re.S):
        return None
    is_function = '(' in declarator and not re.search(r'\(\s*\*', declarator.split('{')[0])
    if is_function or re.fullmatch(r'\s*\w+\s*\(.*\)\s*', clean, re.S):
        return None
    # A prototype whose parameter is a function pointer: the first parenthesis follows a name.
    first = re.search(r'\w\s*\((?!\s*\*)', declarator)
    if first and '=' not in clean:
        return None
    outside = re.sub(r'\{.*?\}', '{}', declarator, flags=re.S)
    pointer = outside.rfind('*')
    is_const = re.search(r'\bconst\b', outside[pointer + 1:] if pointer >= 0 else outside)
    name = re.search(r'(\w+)\s*(?:\[[^=]*\]|\)\s*\(.*)?\s*$', outside, re.S)
    offset = len(statement) - len(statement.lstrip())
    return Object(name.group(1) if name else '?', line_of(code, start + offset), not is_const)


def scan_file_scope(code, source):
    """Finds the functions and objects: a walk over the braces, acting at depth 0."""
    depth, start, brace, pending = 0, 0, 0, ''
    for match in re.finditer(r'[{};]', code):
        char, at = match.group(), match.start()
        if char == '{':
            if depth == 0:
                brace = at
            depth += 1
        elif char == '}':
            depth -= 1
            if depth < 0:
                break
            if depth == 0:
                head = code[start:brace]
                function = parse_function(head, code, start, brace, at)
                if function:
                    source.functions.append(function)
                    start = at + 1
        elif depth == 0:
            found = parse_object(code[start:at], code, start)
            if found:
                source.objects.append(found)
            start = at + 1
    source.balanced = depth == 0


def parse(text):
    source = Source('')
    source.code = strip(text, source)
    scan_file_scope(source.code, source)
    return source
