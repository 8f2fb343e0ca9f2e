// What befalls the way from replicas to their engine.
import { setTimeout as sleep } from 'node:timers/promises';
import { sudden } from '../fault-kind.ts';
import type { FaultKind } from '../fault-kind.ts';
import type { LinkMode } from '../link.ts';

const missing: FaultKind['missing'] = ({ engine }) =>
  engine.port === undefined ? 'there is no network to this engine' : undefined;

function linking(name: string, mode: LinkMode, isGeneral = false): FaultKind {
  const inflict: FaultKind['inflict'] = async ({ victim, replicas, span }) => {
    const links = isGeneral ? replicas.map(({ link }) => link) : [victim.link];
    for (const link of links) link.set(mode);
    await sleep(span);
    for (const link of links) link.set('pass');
  };
  return { ...sudden(name, inflict, missing), isGeneral };
}

export const networkFaults: readonly FaultKind[] = [
  sudden(
    'partition',
    async ({ victim, span }) => {
      victim.link.plug(false);
      await sleep(span);
      victim.link.plug(true);
      await victim.link.through();
    },
    missing,
  ),
  linking('hold', 'hold'),
  linking('hold replies', 'hold-replies'),
  linking('slow', 'slow'),
  linking('reset', 'refuse'),
  linking('hold all', 'hold', true),
];
