import threading
import time

from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.writes import WriteQueue


class Threads(ImmediateBackground):
    """Runs work in threads; answers are collected until the test asks for them."""

    def __init__(self):
        self.threads = []
        self.posted = []

    def run(self, work, on_done, on_error=None, *, key=None):
        thread = threading.Thread(target=work)
        self.threads.append(thread)
        thread.start()

    def post(self, callback):
        self.posted.append(callback)


def test_writes_keep_their_order_and_none_is_dropped():
    background, written, told = Threads(), [], []
    queue = WriteQueue(background)
    for n in range(20):

        def work(n=n):
            time.sleep(0.001 * (20 - n) / 10)
            written.append(n)
            return n

        queue.submit(work, told.append, lambda error: None)
    queue.flush()
    assert written == list(range(20))
    for thread in background.threads:
        thread.join()
    for callback in background.posted:
        callback()
    assert told == list(range(20))


def test_flush_waits_for_the_write_in_progress():
    background, done = Threads(), []
    started, go_on = threading.Event(), threading.Event()

    def slow():
        started.set()
        go_on.wait(5)
        done.append(True)

    queue = WriteQueue(background)
    queue.submit(slow, lambda _: None, lambda error: None)
    started.wait(5)
    threading.Timer(0.05, go_on.set).start()
    queue.flush()
    assert done == [True]


def test_a_failed_write_is_told_and_the_next_one_goes_on():
    told = []

    def fail():
        raise OSError("disk full")

    queue = WriteQueue(ImmediateBackground())
    queue.submit(fail, told.append, lambda error: told.append(type(error).__name__))
    queue.submit(lambda: "fine", told.append, told.append)
    assert told == ["OSError", "fine"]


def test_an_answer_may_ask_for_the_next_write():
    told = []
    queue = WriteQueue(ImmediateBackground())
    queue.submit(lambda: 1, lambda _: queue.submit(lambda: 2, told.append, told.append), told.append)
    assert told == [2]
