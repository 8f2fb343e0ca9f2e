// Tasks: what comes after one waits until it has ended well, however often it fails before.
import { describe, expect, test } from 'vitest';
import { layer, world } from '../support/world.ts';

const plan = `
services:
  prepare: {override: replace, command: prepare, startup: enabled, type: task, before: [web]}
  web: {override: replace, command: web, startup: enabled}
  mail: {override: replace, command: mail, startup: enabled}
checks:
  alive: {override: replace, level: alive, service: web, http: {url: 'http://localhost/'}}
  ready: {override: replace, level: ready, service: web, http: {url: 'http://localhost/'}}
`;

type World = ReturnType<typeof world>;

function started(text = plan): { w: World; id: string } {
  const w = world({ plan: text });
  const id = w.act('autostart');
  w.pass(1_500);
  return { w, id };
}

function names(w: World): readonly string[] {
  return w.spawner.processes.filter(({ alive }) => alive).map(({ launch }) => launch.owner);
}

function taskOf(w: World, id: string, name: string) {
  const task = w.change(id).tasks.find(({ summary }) => summary.includes(`"${name}"`));
  if (task === undefined) throw new Error(`no task for "${name}"`);
  return task;
}

describe('a task', () => {
  test('holds up what comes after it until it has ended well, and nothing else', () => {
    const { w, id } = started();
    w.pass(3_600_000);
    expect(names(w)).toEqual(['mail', 'prepare']);
    expect(w.service('prepare')).toMatchObject({ current: 'active', state: 'working' });
    w.spawner.latest('prepare').exit(0);
    w.pass(1_500);
    expect(names(w)).toEqual(['mail', 'web']);
    expect(w.service('prepare')).toMatchObject({ current: 'inactive', state: 'done' });
    expect(w.change(id).status).toBe('Done');
  });

  test('leaves djsup alive and not ready, also in a plan without checks', () => {
    const { w } = started();
    w.pass(3_600_000);
    expect([w.face.health('alive', []), w.face.health('ready', []), w.face.health(undefined, [])]).toEqual([
      true,
      false,
      false,
    ]);
    const { w: bare } = started(
      'services: {t: {override: replace, command: t, startup: enabled, type: task}}',
    );
    expect([bare.face.health('alive', []), bare.face.health('ready', [])]).toEqual([true, false]);
    bare.spawner.latest('t').exit(0);
    bare.pass(100);
    expect([bare.face.health('alive', []), bare.face.health('ready', [])]).toEqual([true, true]);
  });

  test('is tried again with longer and longer pauses, and the waiting start tells each time why', () => {
    const { w, id } = started();
    for (const pause of [500, 1_000, 2_000]) {
      w.spawner.latest('prepare').print('Traceback\nOperationalError: no //bob:secret@db\n');
      w.spawner.latest('prepare').exit(1);
      w.settle();
      expect(w.service('prepare')).toMatchObject({
        current: 'backoff',
        reason: 'exited with code 1: OperationalError: no //...@db',
      });
      w.pass(pause - 100);
      expect(names(w)).toEqual(['mail']);
      w.pass(300);
      expect(names(w)).toEqual(['mail', 'prepare']);
    }
    const task = taskOf(w, id, 'prepare');
    expect(task.status).toBe('Doing');
    expect(task.log).toHaveLength(3);
    expect(task.log[2]).toContain('failed with code 1, it is tried again. Most recent service output:');
    expect(w.face.changes('all', undefined).map(({ kind }) => kind)).not.toContain('recover-service');
    w.spawner.latest('prepare').exit(0);
    w.pass(1_500);
    expect(names(w)).toEqual(['mail', 'web']);
  });

  test('whose program cannot be started is tried again too', () => {
    const w = world({ plan });
    w.spawner.refuse('prepare', 'cannot start: no such file');
    w.act('autostart');
    w.pass(1_500);
    expect(w.service('prepare')).toMatchObject({ current: 'backoff', reason: 'cannot start: no such file' });
    expect(names(w)).toEqual(['mail']);
  });

  test('that is not to be tried again fails its start, and what comes after it is held', () => {
    const { w, id } = started(plan.replace('type: task', 'type: task, on-failure: ignore'));
    w.spawner.latest('prepare').print('no database\n');
    w.spawner.latest('prepare').exit(1);
    w.pass(60_000);
    expect(taskOf(w, id, 'prepare')).toMatchObject({ status: 'Error' });
    expect(taskOf(w, id, 'prepare').log.join('\n')).toMatch(/no database[^]*task failed with code 1/);
    expect(taskOf(w, id, 'web').status).toBe('Hold');
    expect(names(w)).toEqual(['mail']);
    expect(w.service('prepare').current).toBe('error');
  });

  test('ends djsup by its policy', async () => {
    const { w } = started(plan.replace('type: task', 'type: task, on-failure: shutdown'));
    w.spawner.latest('prepare').exit(1);
    w.pass(10_000);
    expect(await w.supervisor.ended).toBe(10);
  });

  test('that is aborted gets SIGTERM, not SIGKILL, and what comes after it is held', () => {
    const { w, id } = started();
    w.face.abortChange(id);
    w.pass(100);
    expect(w.spawner.latest('prepare').signals).toEqual(['main SIGTERM']);
    w.pass(2_000);
    expect(names(w)).toEqual(['mail']);
    expect(taskOf(w, id, 'prepare').log.join()).toContain('start aborted');
    expect(taskOf(w, id, 'web').status).toBe('Hold');
  });

  test('that is aborted during a pause is not tried again', () => {
    const { w, id } = started();
    w.spawner.latest('prepare').exit(1);
    w.settle();
    w.face.abortChange(id);
    w.pass(60_000);
    expect(w.service('prepare')).toMatchObject({ current: 'inactive', state: 'stopped' });
    expect(taskOf(w, id, 'web').status).toBe('Hold');
  });

  test('that is stopped while it runs has failed for those who wait', () => {
    const { w, id } = started();
    w.act('stop', 'prepare');
    w.pass(2_000);
    expect(taskOf(w, id, 'prepare').log.join()).toContain('task was stopped before it had ended');
    expect(names(w)).toEqual(['mail']);
  });

  test('is stopped with the daemon', async () => {
    const { w } = started();
    w.supervisor.stop(0, 'test');
    w.pass(10_000);
    expect(await w.supervisor.ended).toBe(0);
    expect(names(w)).toEqual([]);
  });

  test('runs once more if it is named, and not for who only needs it', () => {
    const { w } = started(
      plan.replace('startup: enabled}\n  mail', 'startup: enabled, requires: [prepare]}\n  mail'),
    );
    w.spawner.latest('prepare').exit(0);
    w.pass(1_500);
    const count = () => w.spawner.processes.filter(({ launch }) => launch.owner === 'prepare').length;
    w.act('restart', 'web');
    w.pass(3_000);
    expect([count(), names(w)]).toEqual([1, ['mail', 'web']]);
    w.act('start', 'prepare');
    w.pass(100);
    expect(count()).toBe(2);
    expect(names(w)).toEqual(['mail', 'web', 'prepare']);
  });

  test('that is done is left alone by a replan, and one under way is waited for', () => {
    const { w } = started();
    const changed = plan.replace('command: web', 'command: web --new');
    w.supervisor.load([layer(changed)]);
    w.act('replan');
    w.pass(5_000);
    expect(names(w)).toEqual(['mail', 'prepare']);
    w.spawner.latest('prepare').exit(0);
    w.pass(1_500);
    expect(w.spawner.latest('web').launch.argv).toEqual(['web', '--new']);
    w.act('replan');
    w.pass(1_500);
    expect(w.spawner.processes.filter(({ launch }) => launch.owner === 'prepare')).toHaveLength(1);
    w.supervisor.load([layer(changed.replace('command: prepare', 'command: prepare --new'))]);
    w.act('replan');
    w.pass(100);
    expect(w.spawner.latest('prepare').launch.argv).toEqual(['prepare', '--new']);
  });

  test('joins a retry that is waiting: whoever asks for it has it tried at once', () => {
    const { w, id } = started();
    for (let failure = 0; failure < 6; failure += 1) {
      w.spawner.latest('prepare').exit(1);
      w.pass(500 * 2 ** failure + 200);
    }
    w.spawner.latest('prepare').exit(1);
    w.pass(1_000);
    expect(names(w)).toEqual(['mail']);
    const again = w.act('start', 'prepare');
    expect(names(w)).toEqual(['mail', 'prepare']);
    w.spawner.latest('prepare').exit(0);
    w.pass(1_500);
    expect([w.change(id).status, w.change(again).status]).toEqual(['Done', 'Done']);
  });
});
