"""Guard of one singleton: python3 -S -E -s run_guard.py [PYTHON...] NODE -- DEADLINE COMMAND [WORD...]

Runs the command as its child, and kills it with all its descendants at the deadline, or when djsup is gone, whatever
state djsup is in. A Python without ctypes becomes the next PYTHON with the same order, in the end NODE (guard.mjs).
DEADLINE is CLOCK_MONOTONIC in seconds. djsup writes lines to descriptor 3: "d SECONDS" is a new deadline, "s NUMBER" a
signal for the command; the end of that pipe is the end of djsup. The guard ends as the command has ended, once no
process of its tree is left, and just before writes "e" to descriptor 5: without that it was killed itself. Laws: the
deadline lies in a kernel timer, so that no sleep, pause or freeze of this process stretches it; that nothing is left is
told by the kernel (a subreaper without a child); all is done in one loop, and signals only wake it.
"""

# The module behind "signal", which would load enumerations for 5 ms more at each start.
import _signal as signal
import os
import sys
import time


def read_environment():
    """Not os.environ: Python has put a variable of its own into it where the locale is "C"."""
    with open("/proc/self/environ", "rb") as file:
        return dict(word.split(b"=", 1) for word in file.read().split(b"\0") if b"=" in word)


def become_next(script, programs, order):
    """There is no prctl(2) without ctypes, which Debian's python3-minimal lacks."""
    environment = read_environment()
    while programs:
        program = programs.pop(0)
        if programs:
            command = [program, "-S", "-E", "-s", script, *programs, "--", *order]
        else:
            command = [program, os.path.join(os.path.dirname(script), "guard.mjs"), *order]
        try:
            os.execve(program, command, environment)
        except OSError:
            # This account may not execute it.
            pass
    sys.exit("cannot guard this service: no python3 that has ctypes may be executed, nor may Node; install python3")


end = sys.argv.index("--")
order = sys.argv[end + 1 :]
try:
    import ctypes
    import errno
    import select
except ImportError:
    become_next(sys.argv[0], sys.argv[1:end], order)

CONTROL = 3
WORD = 5
# What is left of the tree when the command has ended by itself gets SIGTERM, and this long to go, seconds.
GRACE = 0.5
# How often to look for what has been born while the tree is being killed, milliseconds.
LOOK = 2
# Of prctl(2).
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_TIMERSLACK = 29
PR_GET_TIMERSLACK = 30
PR_SET_CHILD_SUBREAPER = 36

prctl = ctypes.CDLL(None).prctl
signals = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}


class Guard:
    def __init__(self, deadline):
        self.own = os.getpid()
        self.pace = os.getpriority(os.PRIO_PROCESS, 0), prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0)
        self.deadline = deadline
        self.main = None
        # As waitpid(2) tells it, once the command has ended.
        self.status = None
        self.rest = b""
        self.poll = select.poll()
        self.poll.register(CONTROL, select.POLLIN)

    def ignore_signals(self):
        wake, waker = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(waker, False)
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGALRM, signal.SIGCHLD):
            signal.signal(number, lambda _number, _frame: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self.poll.register(wake, select.POLLIN)

    def start(self, command):
        # A signal to the group that comes now is for the command too, once it is ready for it.
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        self.main = os.fork()
        if self.main == 0:
            run(command, self.own, self.deadline, self.pace)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def watch(self):
        """Never returns: reap() ends this process."""
        while True:
            is_over = time.monotonic() >= self.deadline
            if is_over:
                self.kill_tree()
            else:
                self.arm()
            for ready, _ in self.poll.poll(LOOK if is_over else None):
                if ready == CONTROL:
                    self.obey()
                else:
                    os.read(ready, 4096)
            self.reap()

    def arm(self):
        """Anew at each wake: a timer may be a microsecond early."""
        while True:
            left = self.deadline - time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, max(left, 1e-6))
            # It counts from where it was set: a freeze just before must not have moved it.
            if self.deadline - time.monotonic() > left - 0.001:
                return

    def set_deadline(self, instant):
        """A deadline that has passed cannot be taken back."""
        if time.monotonic() < self.deadline:
            self.deadline = instant

    def obey(self):
        chunk = os.read(CONTROL, 4096)
        if not chunk:
            self.poll.unregister(CONTROL)
            self.set_deadline(0)
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        for line in lines:
            verb, value = line.split()
            if verb == b"d":
                # Once the command has ended, its tree has little time left, whatever the lease says.
                latest = float("inf") if self.status is None else self.deadline
                self.set_deadline(min(float(value), latest))
            elif self.status is None:
                send([self.main], int(value))

    def reap(self):
        """Waits for all that have ended, orphans included."""
        was_running = self.status is None
        pid = -1
        while pid != 0:
            try:
                pid, ended = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                end_alike(self.status)
            if pid == self.main:
                self.status = ended
        if was_running and self.status is not None:
            send(descendants(self.own), signal.SIGTERM)
            self.set_deadline(min(self.deadline, time.monotonic() + GRACE))

    def kill_tree(self):
        if not os.path.exists(f"/proc/self/task/{self.own}/children"):
            # The kernel does not list children: the group, and this process with it.
            say_end()
            os.killpg(0, signal.SIGKILL)
        send(descendants(self.own), signal.SIGKILL)


def run(command, guard, deadline, pace):
    """In the child: becomes the command, unless it is too late for that."""
    try:
        signal.set_wakeup_fd(-1)
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        restore(*pace)
        if os.getppid() == guard and time.monotonic() < deadline:
            environment = read_environment()
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            execute(command, environment)
    except OSError as error:
        os.write(2, os.fsencode(f'djsup: cannot start: "{command[0]}": {error.strerror}\n'))
    finally:
        os._exit(127)


def execute(command, environment):
    try:
        os.execve(command[0], command, environment)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        # A script that does not say who reads it: as execvp(3) does.
        os.execve("/bin/sh", ["/bin/sh", *command], environment)


def run_first():
    """Before all others, so that a busy machine keeps no deadline waiting; where this account may (CAP_SYS_NICE)."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except (AttributeError, OSError):
        pass


def restore(nice, slack):
    """What a child of a process in real time has lost: sched(7) gives it nice 0, prctl(2) no slack for its timers."""
    prctl(PR_SET_TIMERSLACK, slack, 0, 0, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except PermissionError:
        # Below 0, and this account may not.
        pass


def end_alike(status):
    """Ends this process as the command has ended."""
    say_end()
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        # One core file is enough.
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


def say_end():
    try:
        os.write(WORD, b"e")
    except OSError:
        pass


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def descendants(pid):
    found = children(pid)
    # It grows while it is read.
    for child in found:
        found.extend(children(child))
    return found


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found.extend(map(int, file.read().split()))
    except OSError:
        pass
    return found


def main(deadline, command):
    prctl(PR_SET_NAME, b"djsup-guard", 0, 0, 0)
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    guard = Guard(deadline)
    run_first()
    # Whoever has stopped this process: it wakes when djsup is gone, and then finds the pipe at its end.
    prctl(PR_SET_PDEATHSIG, signal.SIGCONT, 0, 0, 0)
    os.set_inheritable(CONTROL, False)
    os.set_inheritable(WORD, False)
    guard.ignore_signals()
    if time.monotonic() >= deadline:
        # Nothing is started, and it looks as if it had been killed a moment later.
        say_end()
        os.kill(guard.own, signal.SIGKILL)
    guard.start(command)
    guard.watch()


main(float(order[0]), order[1:])
