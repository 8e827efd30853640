# SPDX-License-Identifier: MIT
"""The tests of a build with planted bugs: which there are, what they reach, and how they end."""

import json
import os
import re
import resource
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

# What ctest does not run, or not in such small pieces that the one which tells a bug can be kept:
# one world of the simulator, the matrix until the first disagreement, the first states of an
# exploration, more inputs made by chance. A program of the build, and its arguments.
WORLDS = 200
STATES = '20000'
SCENARIOS = ('open', 'close', 'crossed', 'abort', 'two-lives', 'again', 'old-syn', 'options',
             'eager', 'anybody')
PIECES = {
    **{f'chance/{name}': (f'tests/{name}', '--random', count, f'../tree/tests/fuzz/corpus/{name}')
       for name, count in (('fuzz_stack_segments', '6000'), ('fuzz_sockets', '2000'),
                               ('fuzz_options', '100000'), ('fuzz_wire_ip', '100000'))},
    **{f'matrix/every-{n}': ('tests/matrix', '--first', str(n)) for n in (61, 7, 1)},
    **{f'explore/{name}': ('tests/explore', name, STATES) for name in SCENARIOS},
    **{f'sim/{n}': ('sim', '--seed', '1', '--world', str(n), '--whole') for n in range(WORLDS)},
}
KINDS = ('unit', 'hist', 'golden', 'generator')
LABELS = ('unit', 'hist', 'golden', 'replay', 'exhaustive', 'sim', 'matrix', 'explore')
# Programs that make their own inputs and judge by rules that hold for all of them. No case of
# these was made for a bug.
GENERATOR = re.compile(r'fuzz_\w+|options_all|cookie_guess|sim\w*|matrix\w*|explore\w*'
                       r'|test_transfer_(properties|liveness)|test_hist_mutation'
                       r'|test_tcp_(rtt|scoreboard)_model|test_(patience|opening|deadline)_chance'
                       r'|test_tcp_(cc|secrets|scoreboard_work)_chance')
LOOP_S = 5  # of computing, beyond thrice what the test takes without a bug, is a loop
TICK_S = 0.001  # the least that a test takes
WAIT_S = 600  # for what waits and does not compute
MEMORY_BYTES = 2 << 30  # a bug that allocates for ever ends here


@dataclass
class Test:
    name: str
    command: list
    kind: str
    folder: str  # where it runs
    environment: dict = field(default_factory=dict)
    is_piece: bool = False
    seconds: float = 0
    kills: int = 0
    reach: set = field(default_factory=set)


def kind_of(program, labels):
    if GENERATOR.fullmatch(os.path.basename(program)):
        return 'generator'
    return next((kind for kind in ('hist', 'golden') if kind in labels), 'unit')


def read_tests(build):
    """What ctest would run, of the kinds that can tell a planted bug, by name."""
    listing = subprocess.run(['ctest', '--test-dir', build, '--show-only=json-v1'], check=True,
                             capture_output=True, text=True).stdout
    tests = {}
    for entry in json.loads(listing)['tests']:
        properties = {p['name']: p['value'] for p in entry.get('properties', [])}
        labels = properties.get('LABELS', [])
        if 'command' in entry and set(labels) & set(LABELS):
            environment = dict(line.split('=', 1) for line in properties.get('ENVIRONMENT', []))
            name = entry['name']
            tests[name] = Test(name, entry['command'], kind_of(entry['command'][0], labels),
                               build, environment)
    for name, (program, *arguments) in PIECES.items():
        path = os.path.join(build, program)
        if os.path.exists(path):
            tests[name] = Test(name, [path, *arguments], 'generator', build, is_piece=True)
    return tests


def limit(cpu_s):
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(test, environment, cpu_s):
    """Whether it ends well within its limits, and the seconds that it computed. Time is the
    processor's, so that a busy machine catches no more than an idle one."""
    process = subprocess.Popen(test.command, env={**os.environ, **test.environment, **environment},
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True, cwd=test.folder,
                               preexec_fn=lambda: limit(int(cpu_s) + 1))
    end = time.monotonic() + WAIT_S
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid != 0:
            process.returncode = status
            return status == 0, usage.ru_utime + usage.ru_stime
        if time.monotonic() > end:
            os.killpg(process.pid, 9)
            end += WAIT_S
        time.sleep(0.005)


def read_known(build, tests):
    """What an earlier survey of this build has found."""
    known = os.path.join(build, 'survey.json')
    if not os.path.exists(known) or (os.path.getmtime(known)
                                     < os.path.getmtime(os.path.join(build, 'synfin'))):
        return
    with open(known, encoding='utf-8') as file:
        for name, (seconds, reach) in json.load(file).items():
            if name in tests:
                tests[name].seconds, tests[name].reach = seconds, set(reach)


def survey(build, tests, names, workers):
    """Runs tests without a bug: how long they take, and which places they reach. Gives the names of
    those that fail."""
    def look(test):
        with tempfile.NamedTemporaryFile(mode='r') as file:
            is_good, seconds = run(test, {'SYNFIN_MUTANT_REACH': file.name}, WAIT_S)
            test.seconds = max(seconds, TICK_S)
            test.reach = {int(line) for line in file}
            return is_good

    unknown = [tests[name] for name in names if tests[name].seconds == 0]
    with ThreadPoolExecutor(workers) as pool:
        good = list(pool.map(look, unknown))
    bad = [test.name for test, is_good in zip(unknown, good) if not is_good]
    with open(os.path.join(build, 'survey.json'), 'w', encoding='utf-8') as file:
        json.dump({test.name: (test.seconds, sorted(test.reach))
                   for test in tests.values() if test.seconds > 0 and test.name not in bad}, file)
    return bad


def kills(test, mutant):
    environment = {'SYNFIN_MUTANT': str(mutant.number)}
    return not run(test, environment, LOOP_S + 3 * test.seconds)[0]


def nearness(test, mutant):
    """Sorts what is near to a bug before what is far, then what is fast before what is slow."""
    stem = os.path.splitext(os.path.basename(mutant.path))[0]
    folder = mutant.path.split('/', maxsplit=1)[0]
    words = test.name.split('/')
    if words[-1] == f'test_{stem}':
        far = 0
    elif words[0] == 'hist' and re.fullmatch(rf'{mutant.row}[a-z]?', words[1]):
        far = 1
    else:
        far = 2 if words[:2] == ['unit', folder] else 3
    return far, test.seconds


def first_killer(mutant, tests, order):
    """The first test in that order that fails with the bug; None when none does."""
    reaching = [test for test in tests if mutant.number in test.reach]
    for test in sorted(reaching, key=order):
        if kills(test, mutant):
            test.kills += 1
            return test
    return None


def nearest_killer(mutant, tests):
    return first_killer(mutant, tests, lambda test: nearness(test, mutant))


def quickest_killer(mutant, tests):
    """Of generators: what has caught much in little time goes first. Worlds change whenever the
    simulator does, so what is kept should rather be something else."""
    def order(test):
        cost = test.seconds * (3 if test.name.startswith('sim/') else 1)
        return (TICK_S + cost) / (1 + test.kills), test.name

    return first_killer(mutant, tests, order)
