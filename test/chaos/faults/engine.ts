// What befalls the engine: each kind as far as the engine tells how.
import { engineFaults } from '../engine.ts';
import { sudden } from '../fault-kind.ts';
import type { FaultKind } from '../fault-kind.ts';

export const engineFaultKinds: readonly FaultKind[] = engineFaults.map((name) => ({
  ...sudden(
    name,
    async ({ engine, replicas, span }) => {
      const fault = engine.faults[name];
      if (typeof fault === 'function') await fault({ links: replicas.map(({ link }) => link), span });
    },
    ({ engine }) => {
      const fault = engine.faults[name] ?? 'this engine has no such thing';
      return typeof fault === 'string' ? fault : undefined;
    },
  ),
  isGeneral: true,
  isOfEngine: true,
}));
