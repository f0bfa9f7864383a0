"""The Debian package: what it holds, that its unit is confined, that it runs as its user, and that nothing is left of it.

  package_test.py BUILD-FOLDER
"""
import configparser
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request

BUILD = pathlib.Path(sys.argv[1]).resolve()
UNIT = pathlib.Path('/usr/lib/systemd/system/purser.service')
CONFIG = pathlib.Path('/etc/purser/purser.json')
STATE = pathlib.Path('/var/lib/purser')
DYNAMIC_USER = 61184  # the first that systemd gives to a unit with DynamicUser
EXPOSURE_MAX = 2.0
OURS = {  # path: mode
    '/usr/bin/purser': 0o755, str(UNIT): 0o644, str(CONFIG): 0o644, '/usr/share/purser/openapi.json': 0o644,
    '/usr/share/purser/default.json': 0o644, '/usr/share/purser/catalogue.sample.json': 0o644,
    '/usr/share/purser/grafana-dashboard.json': 0o644, '/usr/share/doc/purser/copyright': 0o644,
    '/usr/share/doc/purser/README.md': 0o644, '/usr/share/doc/purser/sbom.cdx.json': 0o644}


def run(*words, **how):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True, **how).stdout


def check(holds, what):
    if not holds:
        raise SystemExit(f'package: {what}')


def eventually(holds, seconds=30):
    end = time.monotonic() + seconds
    while not (value := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return value


def installed():
    asked = subprocess.run(['dpkg-query', '-W', '-f', '${db:Status-Status}', 'purser'], capture_output=True, text=True)
    return asked.stdout if asked.returncode == 0 else 'not-installed'


def made(folder):
    run('cpack', '-G', 'DEB', '--config', BUILD / 'CPackConfig.cmake', '-B', folder, cwd=BUILD)
    package, = pathlib.Path(folder).glob('*.deb')
    return package


def look_inside(package):
    fields = dict(line.split(': ', 1) for line in run('dpkg-deb', '-f', package).splitlines() if re.match(r'[A-Z][\w-]*: ', line))
    check(fields['Package'] == 'purser' and fields['Version'] and fields['Architecture'], fields)
    check('libssl3' in fields['Depends'] and 'libsqlite3-0' in fields['Depends'], fields['Depends'])
    for line in run('dpkg-deb', '-c', package).splitlines():
        check(re.match(r'[-dl]\S{9} root/root ', line), f'not root\'s: {line}')


def confined(unit):
    told = run('systemd-analyze', 'security', '--offline=yes', '--no-pager', unit)
    exposure = float(re.search(r'Overall exposure level for \S+: ([\d.]+)', told)[1])
    print(f'package: systemd-analyze security: {exposure}')
    check(exposure <= EXPOSURE_MAX, f'the unit is exposed: {exposure}')


def section(unit, name):
    read = configparser.RawConfigParser(strict=False)
    read.optionxform = str
    read.read(unit)
    return dict(read[name])


class ByHand:
    """What systemd would do of the unit: its user, its folder, its notice of readiness."""

    def start(self):
        service = section(UNIT, 'Service')
        check(service['Type'] == 'notify' and service['DynamicUser'] == 'yes' and service['StateDirectory'] == 'purser', service)
        STATE.mkdir(mode=int(service['StateDirectoryMode'], 8), exist_ok=True)
        os.chown(STATE, DYNAMIC_USER, DYNAMIC_USER)
        self.place = tempfile.mkdtemp()
        os.chmod(self.place, 0o755)
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(f'{self.place}/notify')
        os.chmod(f'{self.place}/notify', 0o777)
        self.notices.settimeout(60)
        self.child = subprocess.Popen(
            ['setpriv', f'--reuid={DYNAMIC_USER}', f'--regid={DYNAMIC_USER}', '--clear-groups', '--no-new-privs',
             '--bounding-set=-all', *shlex.split(service['ExecStart'])], cwd='/', umask=int(service['UMask'], 8),
            env={'PATH': '/usr/bin', 'STATE_DIRECTORY': str(STATE), 'NOTIFY_SOCKET': f'{self.place}/notify'},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = self.child.stdout.readline()
        check(b'READY=1' in self.notices.recv(4096), 'it does not say that it is ready')
        return ready

    def stop(self):
        self.child.terminate()
        code = self.child.wait(60)
        self.child.stdout.close()
        self.notices.close()
        shutil.rmtree(self.place)
        check(code == 0, f'it ended with {code}')


class BySystemd:
    def start(self):
        run('systemctl', 'restart', 'purser.service')
        check(run('systemctl', 'is-active', 'purser.service').strip() == 'active', 'it is not active')
        invocation = run('systemctl', 'show', '-P', 'InvocationID', 'purser.service').strip()
        return eventually(lambda: next((line for line in run(
            'journalctl', '-o', 'cat', f'_SYSTEMD_INVOCATION_ID={invocation}').splitlines() if line.startswith('ready ')), ''))

    def stop(self):
        run('systemctl', 'stop', 'purser.service')
        check(run('systemctl', 'show', '-P', 'Result', 'purser.service').strip() == 'success', 'it did not end well')


def works(ready):
    admin = re.search(r'admin (http://\S+)', ready)
    url, key = re.search(r'ready (http://\S+)', ready), re.search(r'key (\S+)', ready)
    check(admin and url and key, f'not ready: {ready}')
    with urllib.request.urlopen(admin[1] + '/readyz') as answer:
        check(json.load(answer)['status'] == 'ready', 'it is not ready')
    asked = urllib.request.Request(url[1] + '/v1/threads', json.dumps({'user': {'id': 'mei'}}).encode(), {
        'Authorization': f'Bearer {key[1]}', 'Content-Type': 'application/json'})
    with urllib.request.urlopen(asked) as answer:
        check(answer.status == 201, 'no thread could be opened')


def its_books():
    place = pathlib.Path('/var/lib/private/purser') if pathlib.Path('/var/lib/private/purser').exists() else STATE
    book = place / 'purser.db'
    check(book.is_file(), f'there are no books in {place}')
    for path in [book, *place.iterdir()]:
        check(not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), f'others may read {path}')
    return place


def left_over():
    places = ('/usr/bin', '/usr/lib/systemd', '/usr/share/purser', '/usr/share/doc/purser', '/etc/purser', '/etc/systemd',
              '/var/lib/purser', '/var/lib/private', '/var/lib/dpkg/info')
    return run('find', *[p for p in places if pathlib.Path(p).exists()], '-name', '*purser*').split()


def main():
    check(installed() == 'not-installed' and not left_over(), 'there is a purser on this machine already; it is left alone')
    service = BySystemd() if pathlib.Path('/run/systemd/system').exists() else ByHand()
    with tempfile.TemporaryDirectory() as folder:
        package = made(folder)
        look_inside(package)
        try:
            run('dpkg', '-i', package)
            for path, mode in OURS.items():
                about = pathlib.Path(path).stat()
                check((about.st_uid, about.st_mode & 0o7777) == (0, mode), f'{path} is {about.st_mode & 0o7777:o} of {about.st_uid}')
            confined(UNIT)
            run('systemd-analyze', 'verify', '--man=no', UNIT) if isinstance(service, BySystemd) else None
            check(run('/usr/bin/purser', 'check-config', CONFIG) is not None, 'its own configuration is refused')
            settings = '{"server": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"}}\n'
            CONFIG.write_text(settings)
            works(service.start())
            books = its_books()
            service.stop()

            run('dpkg', '-i', '--force-confold', package)  # once more, as an upgrade
            check(CONFIG.read_text() == settings, 'an upgrade took the operator\'s settings')
            works(service.start())
            service.stop()

            run('dpkg', '-r', 'purser')
            check(installed() == 'config-files', installed())
            check(not pathlib.Path('/usr/bin/purser').exists() and not UNIT.exists(), 'something runs on after removal')
            check(CONFIG.read_text() == settings and (books / 'purser.db').is_file(), 'a removal took settings or books')
            check('purser.service' not in ' '.join(os.listdir('/etc/systemd/system/multi-user.target.wants'))
                  if pathlib.Path('/etc/systemd/system/multi-user.target.wants').exists() else True, 'it is still enabled')
        finally:
            subprocess.run(['dpkg', '-P', 'purser'], capture_output=True)
    check(installed() == 'not-installed', installed())
    check(not left_over(), f'left behind: {left_over()}')
    print('package: installed, ran, removed and purged' + (
        ' under systemd' if isinstance(service, BySystemd) else ' (without systemd: as the user its unit would give it)'))


main()
