// By what a story is played: the product's machine under a guard that works, or one of both with a fault planted in it.
import { stepLeader } from '../../src/core/leader/machine.ts';

export interface Rules {
  readonly step: typeof stepLeader;
  /** `obedient`: it starts work whenever it is told to, without a look at the deadline. */
  readonly guard: 'whole' | 'obedient' | 'none';
  /** How far clocks really are off; the machine believes in 1 %. */
  readonly drift: number;
}

export const theDesign: Rules = { step: stepLeader, guard: 'whole', drift: 0.01 };
