# SPDX-License-Identifier: MIT
"""plot_bounds.py FILE: every shape of a plot lies within its page."""

import re
import sys
import xml.dom.minidom

TOKEN = re.compile(r'([Mmhvl])|(-?(?:\d+(?:\.\d+)?|\.\d+))')


def points(path):
    """The points of a path of the commands that src/cli/lab_svg.c writes."""
    x = y = 0.0
    command, numbers = '', []
    for letter, number in TOKEN.findall(path):
        if letter:
            assert not numbers, path
            command = letter
            continue
        numbers.append(float(number))
        if len(numbers) < (1 if command in 'hv' else 2):
            continue
        if command == 'h':
            x += numbers[0]
        elif command == 'v':
            y += numbers[0]
        else:
            x, y = (x + numbers[0], y + numbers[1]) if command != 'M' else numbers
        numbers = []
        yield x, y


def main(name):
    svg = xml.dom.minidom.parse(name).documentElement
    _, _, width, height = (float(part) for part in svg.getAttribute('viewBox').split())
    found = []
    for path in svg.getElementsByTagName('path'):
        found += points(path.getAttribute('d'))
    for text in svg.getElementsByTagName('text'):
        found.append((float(text.getAttribute('x')), float(text.getAttribute('y'))))
    for rect in svg.getElementsByTagName('rect'):
        x, y, w, h = (float(rect.getAttribute(part)) for part in ('x', 'y', 'width', 'height'))
        assert w > 0 and h > 0, rect.toxml()
        found += [(x, y), (x + w, y + h)]
    # Rounding to tenths adds up along a path.
    outside = [p for p in found if not (-1 <= p[0] <= width + 1 and -1 <= p[1] <= height + 1)]
    if outside or len(found) < 50:
        sys.exit(f'{name}: {len(found)} points, outside of the page: {outside[:5]}')


main(sys.argv[1])
