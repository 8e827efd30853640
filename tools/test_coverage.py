#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows what tools/coverage counts, what it leaves out, and what it complains of."""

import sys
import unittest

sys.dont_write_bytecode = True
import coverage_counts as counts  # noqa: E402
import csource  # noqa: E402

SOURCE = '''
static bool is_sound(int a)
{
    return a > 0;
}

bool list_check(int a)
{
    return is_sound(a);
}

static int twice(int a)
{
    ASSERT(a > 0
           && is_sound(a));
    return 2 * a;
}

int thrice(int a)
{
    ASSERT_SLOW(is_sound(a));
    return twice(a) + a;
}
'''


def line(number, count, *branches, name='f'):
    return {'line_number': number, 'count': count, 'function_name': name,
            'branches': [{'count': taken} for taken in branches]}


def report(*lines):
    return {'files': [{'file': 'x.c', 'lines': list(lines)}]}


class Assertions(unittest.TestCase):
    def test_every_line_of_an_assertion_is_one(self):
        code = csource.parse(SOURCE).code
        self.assertEqual(counts.asserted_lines(code), {14, 15, 21})

    def test_a_switch_without_default_names_every_value(self):
        code = 'switch (a) {\ncase X: break;\n}\nswitch (b) {\ncase Y: {\n}\ndefault: break;\n}\n'
        self.assertEqual(counts.whole_switches(csource.parse(code).code), {1})

    def test_what_only_assertions_call_is_a_part_of_them(self):
        found = counts.asserting_functions({'src/base/x.c': csource.parse(SOURCE)})
        self.assertEqual(found, {'src/base/x.c:is_sound', 'src/base/x.c:list_check'})

    def test_another_caller_makes_it_a_function_like_others(self):
        more = SOURCE + '\nint other(int a)\n{\n    return is_sound(a);\n}\n'
        found = counts.asserting_functions({'src/base/x.c': csource.parse(more)})
        self.assertEqual(found, {'src/base/x.c:list_check'})

    def test_static_functions_of_the_same_name_are_two(self):
        other = 'static bool is_sound(int a)\n{\n    return a;\n}\n' \
                'int other(int a)\n{\n    return is_sound(a);\n}\n'
        found = counts.asserting_functions({'src/base/x.c': csource.parse(SOURCE),
                                            'src/base/y.c': csource.parse(other)})
        self.assertIn('src/base/x.c:is_sound', found)
        self.assertNotIn('src/base/y.c:is_sound', found)


class Counting(unittest.TestCase):
    def test_objects_that_share_a_header_are_put_together(self):
        files = counts.merge([report(line(1, 3, 3, 0)), report(line(1, 2, 0, 2))])
        found = counts.count_functions(files['x.c'], set())['f']
        self.assertEqual((found.lines, found.reached, found.branches, found.taken), (1, 1, 2, 2))
        self.assertEqual(found.missed, [])

    def test_lines_and_branches_that_are_missed_are_named(self):
        files = counts.merge([report(line(1, 3, 3, 0), line(2, 0), line(3, 0, 0, 0))])
        found = counts.count_functions(files['x.c'], set())['f']
        self.assertEqual(found.missed, ['1b', '2', '3'])
        self.assertEqual((found.branches, found.taken), (4, 1))

    def test_branches_of_assertions_do_not_count(self):
        files = counts.merge([report(line(1, 3, 3, 0))])
        found = counts.count_functions(files['x.c'], {1})['f']
        self.assertEqual((found.lines, found.branches), (1, 0))
        self.assertEqual(found.missed, [])

    def test_the_value_that_a_whole_switch_does_not_name_is_no_branch(self):
        files = counts.merge([report(line(1, 3, 2, 1, 0), line(2, 3, 0, 3))])
        found = counts.count_functions(files['x.c'], set(), {1, 2})['f']
        self.assertEqual((found.branches, found.missed), (4, ['2b']))

    def test_conditions_are_put_together_by_place(self):
        def record(*shown):
            return {'filenames': ['x.c'], 'mcdc_records': [[7, 1, 7, 9, 0, 0, 6, list(shown)]]}
        found = counts.merge_mcdc([record(True, False, False), record(False, True, False)])
        self.assertEqual(found, {('x.c', 7): [True, True, False]})


class Judging(unittest.TestCase):
    FUNCTIONS = {'src/tcp/x.c:f': counts.Counts(10, 9, 4, 3, ['5', '6b']),
                 'src/tcp/x.c:g': counts.Counts(10, 10, 4, 4)}

    def complaints(self, text):
        return counts.complaints(self.FUNCTIONS, counts.read_rules(text))

    def test_what_keeps_its_floor_is_no_complaint(self):
        self.assertEqual(self.complaints('# a comment\nfloor tcp 87.5\nsrc/tcp/x.c:f 1 why\n'), [])

    def test_fewer_branches_than_the_floor_are(self):
        reason = 'src/tcp/x.c:f 1 cannot happen\n'
        self.assertEqual(len(self.complaints('floor tcp 87.6\n' + reason)), 1)
        self.assertEqual(len(self.complaints(reason)), 1)

    def test_a_line_that_is_not_reached_needs_a_reason(self):
        self.assertEqual(len(self.complaints('floor tcp 87\n')), 1)

    def test_reasons_are_of_so_many_lines(self):
        rules = 'floor tcp 87\nsrc/tcp/x.c:f 1 cannot happen\n'
        self.assertEqual(self.complaints(rules), [])
        self.assertEqual(len(self.complaints(rules.replace('f 1', 'f 2'))), 1)
        self.assertEqual(len(self.complaints(rules.replace('f 1', 'f 0'))), 1)
        self.assertEqual(len(self.complaints(rules + 'src/tcp/x.c:g 1 cannot happen\n')), 1)
        self.assertEqual(len(self.complaints(rules + 'src/tcp/x.c:h 1 cannot happen\n')), 1)


if __name__ == '__main__':
    unittest.main()
