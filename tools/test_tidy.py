#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that every rule of tools/tidy fires on what it forbids, and only there."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import tidy_rules  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = '// SPDX-License-Identifier: MIT\n//\n// What and why.\n'
CLEAN = HEAD + '''#include "base/seq.h"
#include <stdint.h>

struct pair {
    uint32_t a, b;
};

static const char *const names[] = {"one", "two"};

// RFC 9293 §3.4 [MUST-8]: compares modulo 2^32.
uint32_t seq_sum(const struct pair *pair, void (*each)(uint32_t))
{
    struct pair copy = {.a = pair->a, .b = pair->b};
    if (copy.a > 0) {
        each(copy.a);
    }
    return copy.a + copy.b;
}
'''


def rules_fired(files, ratchet=''):
    """The rules that fire on a tree of {path: text}; `#!` texts are made executable."""
    with tempfile.TemporaryDirectory() as root:
        with open(os.path.join(HERE, 'floors.txt'), encoding='utf-8') as file:
            files = {'tools/floors.txt': file.read(), **files}
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, 'w', encoding='utf-8') as file:
                file.write(text)
            os.chmod(full, 0o755 if text.startswith('#!') else 0o644)
        findings = tidy_rules.findings_of(tidy_rules.Tree(root))
        entries = tidy_rules.read_ratchet(ratchet)
        return [f.rule for f in tidy_rules.apply_ratchet(findings, entries, 'ratchet')]


def body(statements, name='seq_f', parameters='void', before=''):
    return f'{HEAD}{before}\nvoid {name}({parameters})\n{{\n{statements}}}\n'


class Rules(unittest.TestCase):
    def fires(self, rule, text, path='src/base/seq.c', **others):
        self.assertEqual(set(rules_fired({path: text, **others})), {rule}, text)

    def is_clean(self, text, path='src/base/seq.c'):
        self.assertEqual(rules_fired({path: text}), [], text)

    def test_clean_source_has_no_finding(self):
        self.is_clean(CLEAN)
        self.is_clean(HEAD + '#ifndef SYNFIN_ERROR_H\n#define SYNFIN_ERROR_H\n'
                      '#ifdef __cplusplus\nextern "C" {\n#endif\nint synfin_error_number(int e);\n'
                      '#ifdef __cplusplus\n}\n#endif\n#endif\n', 'include/synfin/error.h')

    def test_floors(self):
        for path, include in (('src/base/seq.c', '"wire/wire_tcp.h"'),
                              ('src/tcp/rtt.c', '"net/route.h"'),
                              ('src/net/route.c', '"tcp/tcp.h"'),
                              ('src/tcp/rtt.c', '"stack/stack.h"'),
                              ('src/host/tun.c', '"tcp/tcp.h"'),
                              ('src/ladder/ladder_text.c', '<unistd.h>'),
                              ('src/cli/cli.c', '"base/seq.h"'),
                              ('benchmarks/bench_inproc.c', '"tcp/tcp.h"'),
                              ('src/base/seq.c', '<stdio.h>'),
                              ('src/base/seq.c', '"seq.h"'),
                              ('src/base/seq.c', '"synfin/error.h"'),
                              ('src/nowhere/seq.c', '<stdint.h>')):
            self.fires('floors', f'{HEAD}#include {include}\n', path)

    def test_floors_allow_what_the_table_allows(self):
        for path, include in (('src/tcp/rtt.c', '"wire/wire_tcp.h"'),
                              ('src/stack/stack.c', '"net/route.h"'),
                              ('src/host/tun.c', '<sys/socket.h>'),
                              ('src/ladder/ladder_text.c', '<stdio.h>'),
                              ('src/cli/cli.c', '<synfin/stack.h>'),
                              ('tests/unit/tcp/test_rtt.c', '"tcp/tcp.h"')):
            self.is_clean(f'{HEAD}#include {include}\n', path)

    def test_function_lines(self):
        self.fires('function-lines', body('    f();\n' * 71))
        self.is_clean(body('    f();\n' * 70))

    def test_parameters(self):
        self.fires('parameters', body('', parameters=', '.join(f'int p{i}' for i in range(7))))
        self.is_clean(body('', parameters='int a, int b, int c, int d, int e, void (*f)(int, int)'))

    def test_nesting(self):
        def nest(depth):
            return body('if (x) {\n' * depth + 'f();\n' + '}\n' * depth)
        self.fires('nesting', nest(5))
        self.is_clean(nest(4))
        self.is_clean(body('int a[1][1][1][1][1] = {{{{{0}}}}};\n'))
        self.is_clean(body('f((struct x){{{{{0}}}}});\n'))

    def test_braces(self):
        self.fires('braces', HEAD + 'void seq_f(void)\n{\n')

    def test_names(self):
        self.fires('names', body('', name='other_f'))
        self.fires('names', HEAD + 'static inline int lt(int a)\n{\n    return a;\n}\n',
                   'src/base/seq.h')
        self.is_clean(body('', name='synfin_seq_f'))
        self.is_clean(body('', name='seq'))
        interface = {'src/tcp/tcp.h': HEAD + 'void tcp_init(void);\n'}
        life = {'src/tcp/tcp_life.c': body('', name='tcp_init')}
        self.assertEqual(rules_fired({**life, **interface}), [])
        self.assertEqual(rules_fired(life), ['names'])

    def test_basename(self):
        self.fires('basename', CLEAN, **{'src/wire/seq.c': CLEAN})

    def test_globals(self):
        for text in ('int counter;', 'static int counter = 1;', 'static const char *name = "x";',
                     'static struct pair { int a; } pair;', 'static void (*hook)(int);',
                     'extern int counter;', 'static int table[2][2];'):
            self.fires('globals', f'{HEAD}{text}\n')
        self.fires('globals', body('    static int calls;\n    calls++;\n'))
        for text in ('static const int counter = 1;', 'typedef int (*fn)(int);', 'struct x;',
                     'static_assert(sizeof(int) == 4, "int");', 'enum { A, B };',
                     'extern const int table[2];', 'void f(int (*fn)(int));',
                     'static const char *const names[] = {"a"};', 'int f(const struct x *x);'):
            self.is_clean(f'{HEAD}{text}\n')
        self.is_clean(f'{HEAD}static int counter;\n', 'src/host/tun.c')

    def test_floats(self):
        self.fires('floats', body('    double x = 1;\n'))
        self.fires('floats', body('    int x = (int)(y * 0.5);\n'))
        self.is_clean(body('    f("0.5 double");  // a float\n'))

    def test_feature_if(self):
        self.fires('feature-if', HEAD + '#ifdef SYNFIN_WITH_SACK\n#endif\n')
        self.is_clean(HEAD + '#if defined(__GNUC__)\n#endif\n')

    def test_file_lines(self):
        self.fires('file-lines', HEAD + '\n' * 800)
        self.fires('file-lines', HEAD + '\n' * 250, 'src/base/seq.h')

    def test_heads(self):
        self.fires('spdx', '// Nothing.\n')
        self.fires('spdx', '#!/bin/sh\necho\n', 'tests/golden/all.sh')
        self.fires('head', '// SPDX-License-Identifier: MIT\n#include <stdint.h>\n')

    def test_lines(self):
        self.fires('columns', HEAD + '// ' + 'x' * 98 + '\n')
        self.is_clean(HEAD + '// ' + '§' * 97 + '\n')
        self.fires('tab', HEAD + '\tint x(void);\n')
        self.fires('spaces', HEAD + 'int x(void); \n')
        self.fires('spaces', HEAD + 'int x(void);')
        self.fires('unfinished', HEAD + '// TO' + 'DO: this.\n')
        self.fires('machine-path', 'see /wo' + 'rk/main\n', 'docs/tour.md')

    def test_citation(self):
        for text in ('RFC9293 §3.5', 'RFC 9293, section 3.5', 'RFC 9293 Section 3', 'RFC-9293',
                     'RFC 9293 § 3.5', 'RFC 9293§3.5', 'draft-ietf-tcpm-x', 'RFC 9293 §3 MUST-10'):
            self.fires('citation', f'{HEAD}// {text}.\n')
        self.is_clean(HEAD + '// RFC 9293 §3.5 [MUST-10, MUST-11], RFC 5961, RFC 793 §A.2.\n')

    def test_comments(self):
        self.fires('dead-code', HEAD + '// conn->snd.una = ack;\n')
        self.fires('dead-code', HEAD + '// tcp_input(conn);\n')
        self.fires('banner', HEAD + '// ------------\n')
        self.is_clean(HEAD + '// The window may shrink here;\n// that is allowed.\n')


class Ratchet(unittest.TestCase):
    LONG = {'src/base/seq.c': body('    f();\n' * 75)}

    def test_entry_allows_its_limit_and_no_more(self):
        self.assertEqual(rules_fired(self.LONG, 'function-lines src/base/seq.c:seq_f 75\n'), [])
        self.assertEqual(rules_fired(self.LONG, 'function-lines src/base/seq.c:seq_f 74\n'),
                         ['function-lines'])

    def test_entry_that_allows_too_much_is_a_finding(self):
        self.assertEqual(rules_fired(self.LONG, 'function-lines src/base/seq.c:seq_f 76\n'),
                         ['ratchet'])
        self.assertEqual(rules_fired({}, 'names src/base/seq.c:f 1\n'), ['ratchet'])


if __name__ == '__main__':
    unittest.main()
