// djsup stop-checks
import { checkAction } from '../check-action.ts';

export const command = checkAction(
  'stop',
  'Stop checks',
  'Stops the named checks. Those that are stopped already are left alone.',
);
