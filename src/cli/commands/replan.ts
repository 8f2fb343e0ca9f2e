// djsup replan
import { serviceAction } from '../service-action.ts';

export const command = serviceAction(
  'replan',
  false,
  'Make the running services match the plan',
  'Restarts the running services whose configuration has changed, and starts those with "startup: enabled" that are not running and were not stopped by a user.',
);
