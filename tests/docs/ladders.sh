#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Ladders in documents are what the lab draws. A block of text behind a line
#
#     <!-- synfin lab NAME FLAGS... -->            or, of several histories, only the second:
#     <!-- synfin lab NAME FLAGS... | 2 -->
#
# is compared with what that command writes, without the title and the story of each history, which
# the document tells in its own words. A block that begins with "$ synfin lab ..." is compared with
# all that the command writes. A picture behind a line
#
#     <!-- picture: synfin lab transfer FLAGS... --plot FILE -->
#
# is what that command writes into the file. With --update the blocks and pictures are written
# instead: read the difference before committing it. SYNFIN is the command, SYNFIN_SOURCE the
# project's root.
set -euo pipefail

root=${SYNFIN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$root"
synfin=${SYNFIN:-$root/build/release/synfin}
python3 - "$synfin" "${1:-}" docs/*.md README.md << 'PROGRAM'
import difflib
import re
import shlex
import subprocess
import sys
import tempfile

BLOCK = re.compile(r'(^<!-- synfin (lab [^\n]*?) -->\n```text\n)(.*?)(```\n)', re.M | re.S)
MARK = re.compile(r'^<!-- synfin ', re.M)
PICTURE = re.compile(r'^<!-- picture: synfin (lab transfer [^\n]*) --plot (\S+) -->$', re.M)
SHELL = re.compile(r'(```\n\$ synfin (lab [^\n]*)\n)(.*?)(```\n)', re.S)


def run(synfin, arguments):
    result = subprocess.run([synfin, *shlex.split(arguments)], check=False, capture_output=True,
                            text=True, stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        sys.exit(f'synfin {arguments}: status {result.returncode}: {result.stderr}')
    return result.stdout


def draw(synfin, mark):
    arguments, _, number = mark.partition(' | ')
    drawn = run(synfin, arguments)
    if '--counterexample' in arguments:
        return drawn
    histories = drawn.split('\n\n\n')
    if number:
        histories = [histories[int(number) - 1]]
    return '\n'.join(history.split('\n\n', 2)[2].rstrip('\n') + '\n' for history in histories)


def check_picture(synfin, arguments, path, mode):
    with tempfile.NamedTemporaryFile() as drawn:
        run(synfin, f'{arguments} --plot {drawn.name}')
        picture = drawn.read()
    if mode == '--update':
        with open(path, 'wb') as file:
            file.write(picture)
        return True
    with open(path, 'rb') as file:
        if file.read() == picture:
            return True
    print(f'{path} is not what synfin {arguments} draws')
    return False


def main(synfin, mode, *paths):
    blocks = bad = 0
    for path in paths:
        with open(path, encoding='utf-8') as file:
            text = before = file.read()
        if len(BLOCK.findall(text)) != len(MARK.findall(text)):
            print(f'{path}: a mark has no block of text behind it')
            bad += 1
        for arguments, picture in PICTURE.findall(text):
            blocks += 1
            bad += not check_picture(synfin, arguments, picture, mode)
        for pattern, write in ((BLOCK, draw), (SHELL, run)):
            text = pattern.sub(lambda m, w=write: m[1] + w(synfin, m[2]) + m[4], text)
            blocks += len(pattern.findall(text))
        if text != before and mode == '--update':
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
        elif text != before:
            sys.stdout.writelines(difflib.unified_diff(
                before.splitlines(True), text.splitlines(True), path, 'what synfin lab draws'))
            bad += 1
    print(f'ladders: {blocks} blocks, {bad} documents wrong')
    return 1 if bad or not blocks else 0


sys.exit(main(*sys.argv[1:]))
PROGRAM
