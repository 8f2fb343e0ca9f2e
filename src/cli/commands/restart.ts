// djsup restart
import { serviceAction } from '../service-action.ts';

export const command = serviceAction(
  'restart',
  true,
  'Restart services',
  'Stops the named services and starts them again, with the services they require.',
);
