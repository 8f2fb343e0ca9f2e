// The words for how a start or stop ended, as tasks and logs carry them (Pebble's texts where clients match them).
import { describeExit } from './exit.ts';
import type { ServiceReport, ServiceState } from './service-state.ts';

/** What a task logs and whether it failed. `note` is an INFO line, `error` the task's error. */
export interface ReportText {
  readonly note?: string;
  readonly error?: string;
  /** True where the service's latest output helps to understand the error. */
  readonly withOutput?: boolean;
}

/** `explanation`: what the exit means for this kind of program, where that is known. */
export function reportText(name: string, report: ServiceReport, explanation: string | undefined): ReportText {
  switch (report.kind) {
    case 'done':
      return {};
    case 'noop':
      return { note: noopText(name, report.was) };
    case 'exited-quickly': {
      const meaning = explanation === undefined ? '' : ` (${explanation})`;
      const how = `${describeExit(report.exit)}${meaning}`;
      return {
        error: `service start attempt: exited quickly with ${how}, will ${report.action}`,
        withOutput: true,
      };
    }
    case 'failed': {
      const meaning = explanation === undefined ? '' : ` (${explanation})`;
      return { error: `task failed with ${describeExit(report.exit)}${meaning}`, withOutput: true };
    }
    case 'spawn-failed':
      return { error: report.reason };
    case 'standby':
      return { note: `Service "${name}" is on standby: this replica does not lead.` };
    case 'busy':
      return { error: `cannot start service while ${report.state}` };
    case 'stopped-early':
      return { error: 'service start attempt: stopped before the 1s okay delay' };
    case 'interrupted':
      return { error: 'task was stopped before it had ended' };
    case 'aborted':
      return { error: report.killed ? 'start aborted, sent SIGKILL to process' : 'start aborted' };
    case 'undying':
      return { error: 'cannot stop service: process still running after SIGTERM and SIGKILL' };
  }
}

function noopText(name: string, was: 'started' | 'never-started' | 'stopped' | 'exited' | 'done'): string {
  switch (was) {
    case 'started':
      return `Service "${name}" already started.`;
    case 'never-started':
      return `Service "${name}" has never been started.`;
    case 'stopped':
      return `Service "${name}" already stopped.`;
    case 'done':
      return `Task "${name}" is done already.`;
    case 'exited':
      return `Service "${name}" had already exited.`;
  }
}

/** Pebble's four words for a state. */
export function currentOf(state: ServiceState): 'active' | 'inactive' | 'backoff' | 'error' {
  switch (state.kind) {
    case 'clearing':
    case 'spawning':
      return state.tries.count > 0 ? 'backoff' : 'inactive';
    case 'starting':
    case 'working':
    case 'running':
      return 'active';
    case 'backoff':
      return 'backoff';
    // What could not be started has not failed, as Pebble has it.
    case 'exited':
      return 'spawnFailure' in state.cause ? 'inactive' : 'error';
    case 'idle':
    case 'terminating':
    case 'killing':
    case 'stopped':
    case 'done':
      return 'inactive';
  }
}
