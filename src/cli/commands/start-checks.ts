// djsup start-checks
import { checkAction } from '../check-action.ts';

export const command = checkAction(
  'start',
  'Start checks',
  'Starts the named checks. Those that run already are left alone.',
);
