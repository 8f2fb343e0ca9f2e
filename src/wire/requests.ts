// The shapes of what clients send, by Pebble's names.
import * as z from 'zod/mini';

const names = z.optional(z.nullable(z.array(z.string())));

export const servicesRequest = z.object({ action: z.optional(z.string()), services: names });
export const checksRequest = z.object({ action: z.optional(z.string()), checks: names });
export const checkRefreshRequest = z.object({ name: z.optional(z.string()) });
export const leaderRequest = z.object({
  action: z.optional(z.string()),
  groups: names,
  for: z.optional(z.string()),
  to: z.optional(z.string()),
});
export const changeRequest = z.object({ action: z.optional(z.string()) });
export const noticesRequest = z.object({
  action: z.optional(z.string()),
  type: z.optional(z.string()),
  key: z.optional(z.string()),
  'repeat-after': z.optional(z.string()),
  data: z.optional(z.unknown().check(z.describe('texts by name, at most 4096 bytes'))),
});
export const signalsRequest = z.object({ signal: z.optional(z.string()), services: names });
export const layersRequest = z.object({
  action: z.optional(z.string()),
  combine: z.optional(z.boolean()),
  inner: z.optional(z.boolean()),
  label: z.optional(z.string()),
  format: z.optional(z.string()),
  layer: z.optional(z.string()),
});
