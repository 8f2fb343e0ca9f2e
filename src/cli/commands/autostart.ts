// djsup autostart
import { serviceAction } from '../service-action.ts';

export const command = serviceAction(
  'autostart',
  false,
  'Start the default services',
  'Starts the services with "startup: enabled", as djsup does at its own start.',
);
