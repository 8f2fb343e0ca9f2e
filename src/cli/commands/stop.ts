// djsup stop
import { serviceAction } from '../service-action.ts';

export const command = serviceAction(
  'stop',
  true,
  'Stop services and those that require them',
  'Stops the named services, and the services that require them. Returns when they have ended.',
);
