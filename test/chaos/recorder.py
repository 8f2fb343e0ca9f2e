"""Work that writes down when it ran: python3 recorder.py PREFIX [SECONDS [EFFECTS]]

Writes a file of its own, PREFIX.NUMBER: "start EPOCH PID MONO BORN" (when this process was started, as the kernel says it,
rounded up to a tick of 10 ms), then "run FROM TO" for each stretch of beats, one a millisecond, and "end MONO" at SIGTERM,
SECONDS after which it ends (0; it ignores the signal where that is negative). The last stretch is rewritten in place at
each beat, so that the file says how far it came whatever ends it; a longer gap than GAP begins a new one, so that time
in which it was stopped or frozen does not count. Times are CLOCK_MONOTONIC in seconds, one clock for all namespaces.

With EFFECTS two others belong to its tree. "kin" has left its session, its parent and its environment, as a daemon may, and
beats into a file of its own, PREFIX.NUMBER.kin; it ends at SIGTERM, unless the recorder ignores that. The sender has effects on the
database EFFECTS (effects.py). Neither is ended by the recorder: that is for whoever has started it.
"""

import os
import signal
import sys
import time

GAP = 0.02

ending = None


def on_term(_signal, _frame):
    global ending
    if delay >= 0 and ending is None:
        ending = time.monotonic() + delay


def beat(out, start_others=None):
    began = before = 0.0
    place = 0
    while True:
        now = time.monotonic()
        if now - before > GAP:
            began = now
            place = os.lseek(out, 0, os.SEEK_END)
        os.pwrite(out, f"run {began:18.6f} {now:18.6f}\n".encode(), place)
        if before == 0.0 and start_others is not None:
            start_others()
        before = now
        if ending is not None and now >= ending:
            return now
        time.sleep(0.001)


def born():
    with open("/proc/self/stat", "rb") as file:
        ticks = int(file.read().rpartition(b")")[2].split()[19])
    asleep = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    return (ticks + 1) / os.sysconf("SC_CLK_TCK") - asleep


def create(path):
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)


def start_kin():
    child = os.fork()
    if child != 0:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN if delay < 0 else signal.SIG_DFL)
            os.execve(sys.executable, [sys.executable, "-S", "-E", __file__, "kin", f"{path}.kin"], {})
    finally:
        os._exit(0)


def start_sender():
    if os.fork() != 0:
        return
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        sys.dont_write_bytecode = True
        import effects

        effects.send(sys.argv[3], os.path.basename(sys.argv[1]), int(epoch))
    finally:
        os._exit(0)


def start_others():
    start_kin()
    start_sender()


if sys.argv[1] == "kin":
    with open("/proc/self/comm", "w") as file:
        file.write("kin")
    beat(create(sys.argv[2]))
delay = float(sys.argv[2]) if len(sys.argv) > 2 else 0
signal.signal(signal.SIGTERM, on_term)
path = f"{sys.argv[1]}.{time.monotonic_ns()}"
out = create(path)
now = time.monotonic()
epoch = os.environ.get("DJSUP_LEADER_EPOCH", "0")
os.write(out, f"start {epoch} {os.getpid()} {now:.6f} {min(born(), now):.6f}\n".encode())
last = beat(out, start_others if len(sys.argv) > 3 else None)
os.lseek(out, 0, os.SEEK_END)
os.write(out, f"end {last:.6f}\n".encode())
# Its last beat is its end: Python's own takes milliseconds, in which it does nothing.
os._exit(0)
