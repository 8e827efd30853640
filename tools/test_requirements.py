#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that every failure of tools/requirements fires, and that a sound tree is silent."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import requirement_rules as rules  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = '''# First
MUST-1 | 3.1 | one
SHLD-2 | 3.8.5, 3.9 | two
# Second
MAY-3 | 3.7.1 | three
'''
# Labels are put together here, so that no scan of this file finds them.
M1, S2, Y3 = (f'[{kind}-{n}]' for kind, n in (('MUST', 1), ('SHLD', 2), ('MAY', 3)))
CODE = f'''// RFC 9293 §3.1 {M1}
static int take(int a)
{{
    return a; // RFC 9293 §3.8.5 {S2}
}}
'''
TEST = f'''// RFC 9293 §3.1 {M1}: why.
static void window_large_is_unsigned(void **state)
{{
    (void)state;
}}
'''
NOTE = 'MAY-3: not applicable: an option\n'


def table(code=CODE, test=TEST, notes=NOTE, path='src/tcp/tcp_x.c'):
    result = rules.Table(LIST, notes)
    result.scan({path: code, 'tests/unit/tcp/test_x.c': test})
    return result


class Rules(unittest.TestCase):
    def fails(self, words, **texts):
        problems = table(**texts).problems()
        self.assertTrue(any(words in problem for problem in problems), problems)

    def test_sound_tree_is_silent(self):
        sound = table()
        self.assertEqual(sound.problems() + sound.open_musts(), [])
        self.assertEqual(sound.rows['MUST-1'].code, [('src/tcp/tcp_x.c', 'take')])
        self.assertEqual(sound.rows['MUST-1'].tests,
                         [('tests/unit/tcp/test_x.c', 'window_large_is_unsigned')])
        self.assertEqual(sound.rows['MUST-1'].status, 'done and tested')
        self.assertEqual(sound.rows['SHLD-2'].status, 'done')

    def test_wrong_labels_fail(self):
        self.fails('there is no MUST-9', code=CODE.replace('MUST-1]', 'MUST-9]'))
        self.fails('stands in §3.1, not §3.2', code=CODE.replace('§3.1', '§3.2'))
        self.fails('the form is', code=CODE + f'// {M1}\n')
        self.fails('the form is', code=CODE + f'// RFC 9294 §3.1 {M1}\n')
        self.fails('commas', code=CODE + '// RFC 9293 §3.1 [MUST-1 ' + 'to 3]\n')
        self.fails('belongs to no test', test=TEST + f'\n// RFC 9293 §3.1 {M1}\n\nint x;\n')

    def test_silent_rows_fail(self):
        self.fails('MAY-3: no code', notes='')
        self.fails('SHLD-2: no code', code=CODE.replace(S2, ''))
        self.fails('no code says', code=CODE.replace(f'§3.1 {M1}', ''))

    def test_notes_fail(self):
        self.fails('the form is label', notes=NOTE + 'MUST-1: someday: because\n')
        self.fails('the form is label', notes=NOTE + 'MUST-1: deviates:\n')
        self.fails('there is no MUST-9', notes=NOTE + 'MUST-9: deviates: so\n')
        self.fails('twice', notes=NOTE + NOTE)
        self.fails('says not yet', notes=NOTE + 'MUST-1: not yet: soon\n')
        self.fails('needs no note', notes=NOTE + 'MUST-1: done: by itself\n')

    def test_open_musts_are_found(self):
        self.assertEqual(table(test='').open_musts(), ['MUST-1: open: done'])
        late = table(code='', test='', notes=NOTE + 'MUST-1: not yet: soon\n')
        self.assertEqual(late.open_musts(), ['MUST-1: open: not yet'])
        self.assertEqual(table(test='', notes=NOTE + 'MUST-1: done: nothing to see\n').open_musts(),
                         [])

    def test_rows_of_lists_and_wrapped_citations_are_found(self):
        listed = '#define LIST(X) \\\n    X(ONE, "text", \\\n      "RFC 9293 §3.1 ' + M1 + '")\n'
        self.assertEqual(table(code=listed).rows['MUST-1'].code, [('src/tcp/tcp_x.c', 'ONE')])
        wrapped = CODE.replace('RFC 9293 §3.8.5 ', 'RFC 9293\n    // §3.8.5 ')
        self.assertEqual(table(code=wrapped).rows['SHLD-2'].code, [('src/tcp/tcp_x.c', 'take')])
        second = CODE + f'\n// RFC 9293 §3.1 {M1}, §3.9 {S2}\nint f(void)\n{{\n    return 1;\n}}\n'
        self.assertIn(('src/tcp/tcp_x.c', 'f'), table(code=second).rows['SHLD-2'].code)

    def test_strings_that_tests_expect_are_no_citations(self):
        told = table(test=TEST + f'const char *said = "RFC 9293 §3.9 {M1}";\n')
        self.assertEqual(told.problems(), [])


class Command(unittest.TestCase):
    def run_in(self, root, *arguments):
        return subprocess.run([sys.executable, os.path.join(HERE, 'requirements'), *arguments,
                               root], capture_output=True, text=True, check=False)

    def test_check_holds_the_page_current(self):
        with tempfile.TemporaryDirectory() as root:
            for path, text in (('tools/rfc9293.txt', LIST), ('tools/rfc9293-notes.txt', NOTE),
                               ('src/x.c', CODE), ('tests/test_x.c', TEST)):
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), 'w', encoding='utf-8') as file:
                    file.write(text)
            self.assertIn('not current', self.run_in(root, '--check').stdout)
            self.assertEqual(self.run_in(root).returncode, 0)
            self.assertEqual(self.run_in(root, '--check').returncode, 0)
            with open(os.path.join(root, 'tests/test_x.c'), 'w', encoding='utf-8') as file:
                file.write('')
            result = self.run_in(root, '--check')
            self.assertEqual(result.returncode, 1)
            self.assertIn('MUST-1: open', result.stdout)


if __name__ == '__main__':
    unittest.main()
