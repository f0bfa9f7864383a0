#!/usr/bin/env python3
"""Seeded defects: all are planted into a copy of the tree, each behind a switch, which is built once; then each is
switched on alone and must be caught by a script or a seed.

  planted.py --check           every defect still fits its file, exactly once
  planted.py [NAME]...         plants, builds and hunts
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = ROOT / 'build' / 'planted'
BUILD = TREE / 'build' / 'release'

# Name, file, and the place with the defect in it: [[what stands there | what the defect makes of it]]. Two expressions,
# or a statement and nothing; or [[= statements with PLANTED in them, in place of the line]] followed by the line.
DEFECTS = [
    ('expires-one-too-late', 'tools/cashier/decisions.cpp',
     'if ([[now < intent.expires_at | now <= intent.expires_at]]) return'),
    ('paid-in-time-off-by-one', 'tools/cashier/decisions.cpp',
     '[[facts.success_time < intent.expires_at | facts.success_time < intent.created_at]];'),
    ('mismatch-counts-as-paid', 'tools/cashier/decisions.cpp', 'if ([[!matches | false]]) return next_state'),
    ('capture-forgets-dedupe', 'tools/cashier/decisions.cpp',
     'if ([[intent.captured.positive() || intent.state == IntentState::succeeded | intent.state == IntentState::canceled]]'),
    ('late-payment-kept', 'tools/cashier/decisions.cpp',
     'return expired && [[settings.honour_late_payment | true]] ? Payment::honoured : Payment::returned;'),
    ('no-line-for-capture', 'tools/cashier/decisions.cpp',
     '[[change.batch.add(op::PostLedger{capture(row, facts, ended ? late_kind : "capture", now)}); | ]]'),
    ('no-line-for-refund', 'tools/cashier/decisions_refunds.cpp',
     '[[batch.add(op::PostLedger{given_back(row, intent.channel, now)}); | ]]'),
    ('reservation-never-released', 'tools/cashier/decisions_refunds.cpp',
     '[[intent.refund_reserved = intent.refund_reserved.minus(row.amount).value(); | ]]'),
    ('refund-not-counted', 'tools/cashier/decisions_refunds.cpp',
     '[[intent.refunded = intent.refunded.plus(row.amount).value(); | ]]'),
    ('capture-not-in-the-row', 'tools/cashier/decisions.cpp', '[[row.captured = row.amount; | ]]'),
    ('expiry-not-told', 'tools/cashier/decisions.cpp',
     'if ([[who == Untold::nobody || intent.state != IntentState::expired | true]]) return;'),
    ('order-left-open-at-rail', 'tools/cashier/decisions.cpp',
     '[[change.batch.add(op::AddWork{work(WorkKind::close_order, change.intent, now)}); | ]]'),
    ('unclear-counts-as-declined', 'tools/cashier/decisions.cpp',
     'IntentEvent what = [[IntentEvent::rail_unclear | IntentEvent::rail_declined]];'),
    ('refund-unclear-counts-as-done', 'tools/cashier/decisions_refunds.cpp',
     'case Outcome::unknown:\n      return [[RefundEvent::rail_unclear | RefundEvent::rail_succeeded]];\n  }'),
    ('refund-not-reserved', 'tools/cashier/cashier_refunds.cpp',
     '[[row->refund_reserved = row->refund_reserved.plus(refund.amount).value(); | ]]'),
    ('refund-number-forgets-line', 'tools/cashier/cashier_refunds.cpp',
     'refund.out_refund_no = [[number | ports_.mint.out_refund_no(thread.tenant, row->id, refund.id.str())]];'),
    ('silence-never-resolved', 'tools/cashier/cashier_opening.cpp',
     '[[batch.add(op::AddWork{cashier::work(WorkKind::resolve_order, intent, intent.created_at + '
     'policy.resolve_first)}); | ]]'),
    ('known-order-placed-anew', 'tools/cashier/cashier.cpp',
     '[[= std::string asked = origin; if (PLANTED) asked += "x"; '
     'auto known = co_await ports_.store.intent_by_origin(thread.id, std::move(asked));]]'
     'auto known = co_await ports_.store.intent_by_origin(thread.id, origin);'),
    ('refund-bound-off-by-one', 'validation/rules/refund_bounds.cpp',
     'if (amount.minor() > [[left->minor() | left->minor() + 1]]) {',
     'tools/cashier/cashier_refunds.cpp',
     'list[i].amount.minor() > [[refundable(*row).minor() | refundable(*row).minor() + 1]])'),
    ('refund-of-unpaid', 'validation/rules/refund_bounds.cpp',
     'if ([[intent.state == IntentState::succeeded | true]]) return success();',
     'tools/cashier/cashier_refunds.cpp', 'if ([[row->state != IntentState::succeeded | false]])'),
    ('tolerance-doubled', 'validation/rules/price_tolerance.cpp', 'return [[off * 1\'000 | off * 500]] <='),
    ('second-open-payment', 'validation/rules/one_active_payment.cpp',
     'if ([[open == nullptr || !is_open(open->state) | true]]) return'),
    ('foreign-rows-are-own', 'agent/api/api.cpp',
     'ports_.store.intent(*id);\n  if (row && [[!call.caller.may_see(row->tenant, row->user) | false]])'),
    ('call-answered-twice', 'agent/turn/machine.cpp',
     '[[std::erase_if(waiting_, [&](const ToolCall& call) { return call.id == message.call_id; }); | ]]'),
    ('call-ids-repeat', 'agent/turn/machine.cpp',
     '[[for (const ToolCall& call : message.calls) ids_seen_.push_back(call.id); | ]]'),
    ('loops-for-ever', 'agent/turn/machine.cpp', 'if ([[rounds_ >= limits_.tool_rounds_max | false]]) {'),
    ('truth-not-checked', 'agent/turn/reply.cpp', 'out.text = [[std::move(checked->text) | ending.text]];'),
    ('events-told-without-taking', 'agent/turn/conversations.cpp', '[[if (opening.work) batch.add(*opening.work); | ]]'),
    ('key-not-kept', 'agent/turn/conversations.cpp', '[[batch.add(op::InsertIdempotency{std::move(claim)}); | ]]'),
    ('cut-turn-forgotten', 'agent/turn/turn_recovery.cpp',
     'auto spawned = [[group.spawn("turn.recover", Impl::take_up_one(self, std::move(turn))) | success()]];'),
    ('follower-misses-an-event', 'agent/api/api.cpp',
     'co_return events_.follow(thread->id, [[*after | *after > 0 ? *after + 1 : 0]], leave_of(call'),
    ('webhook-acknowledged-unstored', 'agent/resume/webhook_inbox.cpp', '[[batch.add(op::AddWork{std::move(item)}); | ]]'),
]

# The scripts as they were when the defects were planted: a newer one may tell of what the binary does not do yet.
SCRIPTS = str(TREE / 'tests' / 'replay')
HUNTS = (['replay', SCRIPTS, '--fail-fast'], ['simulate', '--seeds', '300'],
         ['replay', SCRIPTS, '--derive', 'all', '--fail-fast'])
# The plain scripts end in seconds; a machine that is busy takes longer, a defect that loops takes for ever.
PATIENCE = (120, 300, 900)


def places(number):
    """The file and the place of each change of a defect; what two guards keep needs two."""
    rest = DEFECTS[number][1:]
    return list(zip(rest[::2], rest[1::2]))


def read(number, place):
    """What stands in the file, and what is put there."""
    on = f'purser_planted({number})'
    line = re.match(r'\[\[= (.*?)\]\](.*)', place, re.S)
    if line:
        return line[2], line[1].replace('PLANTED', on)
    before, old, new, after = re.match(r'(.*?)\[\[(.*?) \| (.*?)\]\](?!\])(.*)', place, re.S).groups()
    switched = f'({on} ? ({new}) : ({old}))' if new else f'if (!{on}) {{ {old} }}'
    return before + old + after, before + switched + after


def check():
    bad = 0
    for number, (name, *_) in enumerate(DEFECTS):
        for file, place in places(number):
            count = (ROOT / file).read_text().count(read(number, place)[0])
            if count != 1:
                print(f'{name}: stands {count} times in {file}')
                bad = 1
    return bad


def plant():
    shutil.rmtree(TREE, ignore_errors=True)
    shutil.copytree(ROOT, TREE, ignore=shutil.ignore_patterns('build', '.git'), symlinks=True)
    declared = 'bool purser_planted(int which);\n'
    for number in range(len(DEFECTS)):
        for file, place in places(number):
            old, new = read(number, place)
            source = TREE / file
            text = source.read_text()
            source.write_text(('' if text.startswith(declared) else declared) + text.replace(old, new))
    main = TREE / 'agent' / 'app' / 'main.cpp'
    main.write_text(main.read_text() + '''
#include <cstdlib>
bool purser_planted(int which);
bool purser_planted(int which) {
  static const char* const planted = std::getenv("PURSER_PLANTED");
  return planted != nullptr && std::atoi(planted) == which;
}
''')
    # Laid out and compiled as the release build is, so that what was compiled there is found again.
    os.environ.update(CCACHE_BASEDIR=str(TREE), CCACHE_NOHASHDIR='1')
    subprocess.run(['cmake', '--preset', 'release'], cwd=TREE, capture_output=True, check=True)
    built = subprocess.run(['cmake', '--build', str(BUILD), '--target', 'purser', '-j', '2'], capture_output=True, text=True)
    if built.returncode != 0:
        sys.exit('the tree does not build:\n' + built.stdout[-3000:])


def verdict_on(number):
    env = dict(os.environ, PURSER_PLANTED=str(number))
    for how, patience in zip(HUNTS, PATIENCE):
        try:
            ran = subprocess.run([str(BUILD / 'purser')] + how, env=env, timeout=patience, capture_output=True)
        except subprocess.TimeoutExpired:
            # A machine that is busy is no proof against a long hunt.
            return 'SURVIVES (out of time)' if '--derive' in how else 'caught by ' + how[0] + ' (it never ends)'
        if number >= 0 and ran.returncode != 0:
            return 'caught by ' + ' '.join([how[0]] + [word for word in how[2:] if word != '--fail-fast'])
        if number < 0:
            return 'clean' if ran.returncode == 0 else 'fails without a defect'
    return 'SURVIVES'


def main(names):
    unknown = set(names) - {name for name, *_ in DEFECTS}
    if unknown:
        sys.exit('no such defect: ' + ', '.join(sorted(unknown)))
    plant()
    if verdict_on(-1) != 'clean':
        sys.exit('the corpus fails without a defect')
    survived = 0
    for number, (name, *_) in enumerate(DEFECTS):
        if names and name not in names:
            continue
        verdict = verdict_on(number)
        survived += not verdict.startswith('caught')
        print(f'{name:34} {verdict}', flush=True)
    return 1 if survived else 0


if __name__ == '__main__':
    sys.exit(check() if sys.argv[1:] == ['--check'] else main(sys.argv[1:]))
