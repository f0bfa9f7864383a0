#!/usr/bin/env python3
"""Seeded defects: each is planted into a copy of the tree, built, and must be caught by a script or a seed.

  planted.py --check           every defect still fits its file, exactly once
  planted.py [NAME]...         plants, builds and hunts (all of them take about half an hour on two cores)
"""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = ROOT / 'build' / 'planted'
BUILD = TREE / 'build' / 'debug'

# name, file, what stands there, what the defect makes of it
DEFECTS = [
    ('expires-one-too-late', 'tools/cashier/decisions.cpp', 'if (now < intent.expires_at) return',
     'if (now <= intent.expires_at) return'),
    ('paid-in-time-off-by-one', 'tools/cashier/decisions.cpp', 'facts.success_time < intent.expires_at;',
     'facts.success_time < intent.created_at;'),
    ('mismatch-counts-as-paid', 'tools/cashier/decisions.cpp', 'if (!matches) return next_state',
     'if (false && !matches) return next_state'),
    ('capture-forgets-dedupe', 'tools/cashier/decisions.cpp', 'if (intent.captured.positive() || intent.state == IntentState::succeeded',
     'if (intent.state == IntentState::canceled'),
    ('late-payment-kept', 'tools/cashier/decisions.cpp',
     'return settings.honour_late_payment ? Payment::honoured : Payment::returned;', 'return Payment::honoured;'),
    ('no-line-for-capture', 'tools/cashier/decisions.cpp',
     'change.batch.add(op::PostLedger{capture(row, facts, ended ? "late_capture" : "capture", now)});', ''),
    ('no-line-for-refund', 'tools/cashier/decisions.cpp', 'batch.add(op::PostLedger{std::move(line)});', ''),
    ('reservation-never-released', 'tools/cashier/decisions.cpp',
     'intent.refund_reserved = intent.refund_reserved.minus(row.amount).value();', ''),
    ('refund-not-counted', 'tools/cashier/decisions.cpp', 'intent.refunded = intent.refunded.plus(row.amount).value();', ''),
    ('deadline-watch-left', 'tools/cashier/decisions.cpp',
     'change.batch.add(op::TakeWork{WorkKind::expire_intent, change.intent.id.str()});', ''),
    ('expiry-not-told', 'tools/cashier/decisions.cpp',
     'if (!told && change.intent.state == IntentState::expired) say(', 'if (false) say('),
    ('order-left-open-at-rail', 'tools/cashier/decisions.cpp',
     'change.batch.add(op::AddWork{work(WorkKind::close_order, change.intent, now)});', ''),
    ('unclear-counts-as-declined', 'tools/cashier/decisions.cpp', 'IntentEvent what = IntentEvent::rail_unclear;',
     'IntentEvent what = IntentEvent::rail_declined;'),
    ('refund-unclear-counts-as-done', 'tools/cashier/decisions.cpp', 'return RefundEvent::rail_unclear;\n  }',
     'return RefundEvent::rail_succeeded;\n  }'),
    ('refund-not-reserved', 'tools/cashier/cashier.cpp',
     'row->refund_reserved = row->refund_reserved.plus(refund.amount).value();', ''),
    ('refund-number-forgets-line', 'tools/cashier/cashier.cpp', 'refund.out_refund_no = number;',
     'refund.out_refund_no = ports_.mint.out_refund_no(thread.tenant, row->id, refund.id.str());'),
    ('silence-never-resolved', 'tools/cashier/cashier_opening.cpp',
     'batch.add(op::AddWork{cashier::work(WorkKind::resolve_order, intent, intent.created_at + intents_.resolve_first)});',
     ''),
    ('known-order-placed-anew', 'tools/cashier/cashier.cpp',
     'auto known = co_await ports_.store.intent_by_origin(thread.id, origin);',
     'auto known = co_await ports_.store.intent_by_origin(thread.id, origin + "x");'),
    ('refund-bound-off-by-one', 'validation/rules/refund_bounds.cpp', 'if (amount.minor() > left->minor()) {',
     'if (amount.minor() > left->minor() + 1) {'),
    ('refund-of-unpaid', 'validation/rules/refund_bounds.cpp', 'if (intent.state == IntentState::succeeded) return success();',
     'return success();'),
    ('tolerance-doubled', 'validation/rules/price_tolerance.cpp', 'return off * 1\'000 <=', 'return off * 500 <='),
    ('second-open-payment', 'validation/rules/one_active_payment.cpp', 'if (open == nullptr || !is_open(open->state)) return',
     'if (true || open == nullptr || !is_open(open->state)) return'),
    ('foreign-rows-are-own', 'tools/registry.cpp',
     'const bool own = row && row->tenant == thread.tenant && row->thread == thread.id && row->user == thread.user;',
     'const bool own = row.ok();'),
    ('call-answered-twice', 'agent/turn/machine.cpp',
     'std::erase_if(waiting_, [&](const ToolCall& call) { return call.id == message.call_id; });', ''),
    ('call-ids-repeat', 'agent/turn/machine.cpp', 'for (const ToolCall& call : message.calls) ids_seen_.push_back(call.id);', ''),
    ('loops-for-ever', 'agent/turn/machine.cpp', 'if (rounds_ >= limits_.tool_rounds_max) {', 'if (false) {'),
    ('truth-not-checked', 'agent/turn/reply.cpp', 'out.text = std::move(checked->text);', 'out.text = ending.text;'),
    ('events-told-without-taking', 'agent/turn/conversations.cpp', 'batch.add(op::TakeWork{item.kind, item.subject});\n  Message',
     'Message'),
    ('key-not-kept', 'agent/turn/conversations.cpp', 'batch.add(op::InsertIdempotency{std::move(claim)});', ''),
    ('cut-turn-forgotten', 'agent/app/daemon.cpp', 'auto spawned = p.work.spawn("turn.recover", p.recover(std::move(turn)));',
     'auto spawned = success();'),
    ('webhook-acknowledged-unstored', 'agent/resume/webhook_inbox.cpp', 'batch.add(op::AddWork{std::move(item)});', ''),
    ('notification-taken-again', 'agent/resume/webhook_inbox.cpp', 'if (!row->applied) {', 'if (true) {'),
]


def defect(name):
    return next(m for m in DEFECTS if m[0] == name)


def check():
    bad = 0
    for name, file, old, new in DEFECTS:
        count = (ROOT / file).read_text().count(old)
        if count != 1 or old == new:
            print(f'{name}: stands {count} times in {file}')
            bad = 1
    return bad


def run(command, **kwargs):
    return subprocess.run(command, capture_output=True, text=True, **kwargs)


def built():
    return run(['cmake', '--build', str(BUILD), '--target', 'purser', '-j', '2']).returncode == 0


def hunt(name):
    _, file, old, new = defect(name)
    source = TREE / file
    before = source.read_text()
    if before.count(old) != 1:
        return 'DOES NOT FIT any more'
    source.write_text(before.replace(old, new))
    try:
        if not built():
            return 'does not build'
        purser = str(BUILD / 'purser')
        for how in (['replay', str(ROOT / 'tests' / 'replay')], ['simulate', '--seeds', '300'],
                    ['replay', str(ROOT / 'tests' / 'replay'), '--derive', 'all']):
            try:
                if run([purser] + how, timeout=900).returncode != 0:
                    return 'caught by ' + ' '.join([how[0]] + how[2:])
            except subprocess.TimeoutExpired:
                # A machine that is busy is no proof against a long hunt.
                return 'SURVIVES (out of time)' if '--derive' in how else 'caught by ' + how[0] + ' (it never ends)'
        return 'SURVIVES'
    finally:
        source.write_text(before)


def main(names):
    shutil.rmtree(TREE, ignore_errors=True)
    shutil.copytree(ROOT, TREE, ignore=shutil.ignore_patterns('build', '.git'), symlinks=True)
    # Laid out and compiled as the debug build is, so that what was compiled there is found again.
    os.environ.update(CCACHE_BASEDIR=str(TREE), CCACHE_NOHASHDIR='1')
    subprocess.run(['cmake', '--preset', 'debug', '-DPURSER_TESTS=OFF'], cwd=TREE, capture_output=True, check=True)
    if not built():
        sys.exit('the tree does not build as it is')
    survived = 0
    for name in names or [m[0] for m in DEFECTS]:
        verdict = hunt(name)
        survived += not verdict.startswith('caught')
        print(f'{name:34} {verdict}', flush=True)
    return 1 if survived else 0


if __name__ == '__main__':
    sys.exit(check() if sys.argv[1:] == ['--check'] else main(sys.argv[1:]))
