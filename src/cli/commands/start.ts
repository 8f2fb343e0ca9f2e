// djsup start
import { serviceAction } from '../service-action.ts';

export const command = serviceAction(
  'start',
  true,
  'Start services and those they require',
  'Starts the named services, and the services they require, in dependency order. Returns when they are up.',
);
