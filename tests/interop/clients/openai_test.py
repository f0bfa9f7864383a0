"""OpenAI's client for Python: chat, streaming, usage, errors, a purchase that resumes."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request

import openai

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Purser:
    def __init__(self, folder):
        sets = ['server.listen=127.0.0.1:0', 'server.admin_listen=127.0.0.1:0', 'log.level=error',
                f'database.url=sqlite://{folder}/purser.db']
        command = [os.environ['PURSER'], 'serve'] + [word for one in sets for word in ('--set', one)]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={'PATH': os.environ['PATH']})
        ready = self.child.stdout.readline()
        self.url, self.admin, self.key = re.match(r'ready (\S+) admin (\S+) key (\S+)', ready).groups()
        self.sandbox = self.read(self.admin + '/readyz')['sandbox_url']

    def read(self, url, body=None):
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(url, data, {'Authorization': f'Bearer {self.key}',
                                                   'Content-Type': 'application/json'})
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def client(self, **more):
        return openai.OpenAI(**{'base_url': self.url + '/v1', 'api_key': self.key, 'max_retries': 0, **more})

    def say(self, text, **more):
        return self.client().chat.completions.create(
            model='purser', messages=[{'role': 'user', 'content': text}], **more)

    def pay(self, card):
        self.read(self.sandbox + '/sandbox/pay', {'out_trade_no': card['out_trade_no']})

    def spoke(self, thread):
        for _ in range(500):
            rows = self.read(f'{self.url}/v1/threads/{thread}/messages?limit=200')['data']
            if any(card['type'] == 'payment_receipt' for row in rows for card in row['cards']):
                return
            time.sleep(0.02)
        raise AssertionError('the payment was never told')


@check
def lists_the_model(purser):
    assert [model.id for model in purser.client().models.list()] == ['purser']


@check
def chats(purser):
    answer = purser.say('Hi! What do you have?', user='chat')
    assert 'tea' in answer.choices[0].message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


@check
def streams_with_usage(purser):
    stream = purser.say('What do you have?', stream=True, stream_options={'include_usage': True}, temperature=0.5)
    chunks = list(stream)
    assert 'tea' in ''.join(chunk.choices[0].delta.content or '' for chunk in chunks if chunk.choices)
    assert chunks[-1].usage.total_tokens >= 0


@check
def buys_and_hears_of_the_payment(purser):
    ordered = purser.say('Two packs of Longjing tea, please.', user='buyer').purser
    card = next(card for card in ordered['cards'] if card['type'] == 'payment_request')
    purser.pay(card)
    purser.spoke(ordered['thread_id'])
    following = purser.say('Thank you!', metadata={'thread_id': ordered['thread_id']})
    assert '176.00' in following.choices[0].message.content
    assert following.purser['cards'][0]['type'] == 'payment_receipt'


@check
def raises_its_own_errors(purser):
    for error, more, key in [(openai.NotFoundError, {'model': 'gpt-4o'}, None),
                             (openai.BadRequestError, {'n': 2}, None),
                             (openai.AuthenticationError, {}, 'sk_wrong_00000000000'),
                             (openai.NotFoundError, {'metadata': {'thread_id': 'thr_0000000000000000000000'}}, None)]:
        client = purser.client(**({'api_key': key} if key else {}))
        asked = {'model': 'purser', 'messages': [{'role': 'user', 'content': 'hi'}], **more}
        try:
            client.chat.completions.create(**asked)
        except error:
            continue
        raise AssertionError(f'{error.__name__} was not raised for {more}')


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix='purser-interop-') as folder:
        purser = Purser(folder)
        for one in CHECKS:
            try:
                one(purser)
                print(f'ok   openai for Python: {one.__name__}')
            except Exception:
                failed += 1
                print(f'FAIL openai for Python: {one.__name__}')
                traceback.print_exc(file=sys.stdout)
        purser.child.terminate()
        purser.child.wait()
    sys.exit(failed > 0)


main()
