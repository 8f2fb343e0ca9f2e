// The guard (see guard.py) where there is no Python that could be it: node guard.mjs DEADLINE COMMAND [WORD...]
// It keeps the same protocol, begins with a "w" to descriptor 5, and promises less: the deadline is looked at every 20 ms, since Node has no kernel timer to offer;
// it is no subreaper, so a daemon that left both session and group is found by its marks in the environment alone, and not
// at all where it cleared that too; if this process is killed, the command dies with it only where util-linux's setpriv is.
// It takes 45 MB instead of 10.
import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, readdirSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants as osConstants } from 'node:os';

const CONTROL = 3;
const ANCHOR = 4;
const WORD = 5;
/** As in guard.py, ms. */
const GRACE = 500;
const LOOK = 2;
/** How late a deadline may be noticed, ms. */
const TICK = 20;
const MARKS = ['DJSUP_SERVICE=', 'DJSUP_INSTANCE='];

const [, , first, file = '', ...words] = process.argv;
const marks = marksOf('self');
let deadline = Number(first);
/** How the command ended. */
let ending;
let killing;

for (const name of Object.keys(osConstants.signals)) ignore(name);
say('w');
if (now() >= deadline) {
  say('e');
  process.kill(process.pid, 'SIGKILL');
}
const main = start();
setInterval(() => {
  if (now() >= deadline) killTree();
}, TICK);
readLines();

/** CLOCK_MONOTONIC, seconds. */
function now() {
  return Number(process.hrtime.bigint()) / 1e9;
}

function ignore(name) {
  try {
    process.on(name, () => {});
  } catch {
    // It cannot be caught.
  }
}

function start() {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(isExecutable);
  const guarded = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
  const [command, ...rest] = [...guarded, file, ...words];
  const child = spawn(command, rest, { stdio: ['inherit', 'inherit', 'inherit', 'ignore', ANCHOR] });
  child.on('error', (error) => {
    process.stderr.write(`djsup: cannot start: "${file}": ${error.code}\n`);
    say('e');
    process.exit(127);
  });
  child.on('exit', (code, signal) => {
    ending = { code, signal };
    send(tree(), 'SIGTERM');
    deadline = Math.min(deadline, now() + GRACE / 1000);
    setInterval(endWithTree, LOOK);
    endWithTree();
  });
  return child;
}

function readLines() {
  let rest = '';
  const control = new Socket({ fd: CONTROL, writable: false });
  control.setEncoding('latin1').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) obey(...line.split(' '));
  });
  for (const end of ['end', 'error']) control.on(end, () => setDeadline(0));
}

function obey(verb, value) {
  if (verb === 'd') setDeadline(ending === undefined ? Number(value) : Math.min(deadline, Number(value)));
  else if (ending === undefined) main.kill(Number(value));
}

function setDeadline(instant) {
  if (now() < deadline) deadline = instant;
  if (now() >= deadline) killTree();
}

function killTree() {
  send(tree(), 'SIGKILL');
  killing ??= setInterval(killTree, LOOK);
}

/** Ends this process as the command has ended, once nothing of its tree is left. */
function endWithTree() {
  if (tree().length > 0) return;
  say('e');
  if (ending.signal === null) process.exit(ending.code);
  process.removeAllListeners(ending.signal);
  process.kill(process.pid, ending.signal);
}

function say(word) {
  try {
    writeSync(WORD, word);
  } catch {
    // djsup has gone.
  }
}

function send(pids, signal) {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has gone.
    }
  }
}

/** All living processes but this one that descend from it, are of its session, or carry its marks. */
function tree() {
  const processes = readdirSync('/proc')
    .filter(Number)
    .map(statOf)
    .filter((one) => one !== undefined);
  const found = new Set([process.pid]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const { pid, parent, session } of processes)
      if (found.has(parent) || session === process.pid) found.add(pid);
  }
  for (const { pid } of processes)
    if (marks !== '' && !found.has(pid) && marksOf(pid) === marks) found.add(pid);
  found.delete(process.pid);
  return [...found];
}

function statOf(pid) {
  const text = read(`/proc/${pid}/stat`);
  const [state, parent, , session] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return state === '' || state === 'Z' || state === 'X'
    ? undefined
    : { pid: Number(pid), parent: Number(parent), session: Number(session) };
}

function marksOf(pid) {
  const variables = read(`/proc/${pid}/environ`).split('\0');
  return variables
    .filter((variable) => MARKS.some((mark) => variable.startsWith(mark)))
    .toSorted()
    .join(' ');
}

function read(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
